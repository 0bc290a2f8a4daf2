"""For how long Redis has kept more messages than the workers hold, which no single reading shows."""

from celery_health.broker import BrokerReading
from celery_operator.observe.waiting import LONGEST_GAP_SECONDS
from celery_operator.snapshot import PodState


class UnheldMessages:
    """Remembers readings. All times are seconds of one clock that never goes back.

    Broker and workers are not read at the same moment, so under load a single reading differs by the tasks
    that began or ended in between.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._updated_at = float("-inf")

    def update(self, broker: BrokerReading, pods: tuple[PodState, ...], now: float) -> float:
        """Seconds for which each reading had more unacknowledged messages than tasks in flight."""
        count = 0 if broker.unacked is None else broker.unacked.count
        since = self._since if now - self._updated_at <= LONGEST_GAP_SECONDS else None
        if count > sum(map(_in_flight, pods)):
            self._since = now if since is None else since
        else:
            self._since = None
        self._updated_at = now
        return 0.0 if self._since is None else now - self._since


def _in_flight(pod: PodState) -> int:
    report = pod.reading.report if pod.reading else None
    return 0 if report is None else report.active_count + report.reserved + report.eta
