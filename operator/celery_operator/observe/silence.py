"""For how long running pods have been without a report of their worker."""

from collections.abc import Mapping

from celery_operator.snapshot import PodState


class SilentPods:
    """Remembers pods by uid. All times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._since: Mapping[str, float] = {}

    def update(self, pods: tuple[PodState, ...], now: float) -> Mapping[str, float]:
        """The silence of each running pod.

        Without a report it counts from when the pod was first found without one. With a report it is the
        age of the report, but only once the startup probe has succeeded: while a worker imports its
        application, its agent may be unable to write.
        """
        ages = [(pod, _report_age(pod)) for pod in pods if pod.phase == "Running"]
        self._since = {pod.uid: self._since.get(pod.uid, now) for pod, age in ages if age is None}
        silences = {uid: now - since for uid, since in self._since.items()}
        return silences | {pod.uid: age for pod, age in ages if age is not None and pod.startup_passed}


def _report_age(pod: PodState) -> float | None:
    """Seconds since the agent wrote the last report; None where there is no report."""
    return pod.reading.age if pod.reading and pod.reading.report else None
