"""For how long running pods have told nothing of what they hold."""

from collections.abc import Mapping

from celery_operator.snapshot import PodState


class SilentPods:
    """Remembers from look to look, by pod uid. All times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._since: Mapping[str, float] = {}

    def look(self, pods: tuple[PodState, ...], now: float) -> Mapping[str, float]:
        """For how many seconds each running pod without a report has been so, since it was first seen so."""
        silent = [
            pod.uid for pod in pods if pod.phase == "Running" and not (pod.reading and pod.reading.report)
        ]
        self._since = {uid: self._since.get(uid, now) for uid in silent}
        return {uid: now - since for uid, since in self._since.items()}
