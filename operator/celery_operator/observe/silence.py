"""For how long running pods have been without a report."""

from collections.abc import Mapping

from celery_operator.snapshot import PodState


class SilentPods:
    """Remembers pods by uid. All times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._since: Mapping[str, float] = {}

    def update(self, pods: tuple[PodState, ...], now: float) -> Mapping[str, float]:
        """Seconds since each running pod without a report was first found without one."""
        silent = [
            pod.uid for pod in pods if pod.phase == "Running" and not (pod.reading and pod.reading.report)
        ]
        self._since = {uid: self._since.get(uid, now) for uid in silent}
        return {uid: now - since for uid, since in self._since.items()}
