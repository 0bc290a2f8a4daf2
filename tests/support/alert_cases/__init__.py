"""For each rule the cases in which it fires, and those in which it stays silent."""

from tests.support.alert_cases import beat_and_broker, monitor, operator, queues, tasks, workers
from tests.support.alert_cases.case import Case

CASES: tuple[Case, ...] = (
    *workers.CASES,
    *tasks.CASES,
    *queues.CASES,
    *beat_and_broker.CASES,
    *operator.CASES,
    *monitor.CASES,
)
