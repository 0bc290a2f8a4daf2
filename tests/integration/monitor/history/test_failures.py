"""Groups of failures: when they failed."""

from celery_monitor.history import History, Window
from celery_monitor.history.views import FailureView
from celery_monitor.records.states import FAILURE, RETRY, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord
from tests.integration.monitor.history.examples import NOW, finished

WINDOW = Window(NOW - 3_600, NOW + 3_600)
TRACE = '  File "/srv/shop/tasks.py", line 42, in charge\nKeyError'


def failed(identity: str = "", *, sent: float = 0.0, at: float = 1.0, state: str = FAILURE) -> TaskRecord:
    """A task that was sent and failed at these seconds after now."""
    return finished(
        identity,
        state=state,
        exception="KeyError('x')",
        traceback=TRACE,
        sent=NOW + sent,
        received=None,
        started=None,
        finished=NOW + at,
        state_time=NOW + at,
    )


async def the_group(history: History) -> FailureView:
    (found,) = await history.failures(WINDOW)
    return found


async def test_a_failure_is_seen_when_its_run_ended(history: History) -> None:
    await history.write([failed(sent=0, at=50), failed(sent=1, at=40), failed(sent=2, at=45)])

    found = await the_group(history)

    assert (found.first_seen, found.last_seen) == (NOW + 40, NOW + 50)


async def test_a_task_that_is_retried_failed_when_its_runs_with_an_error_ended(history: History) -> None:
    def run(number: int, at: float, outcome: str) -> Run:
        error = None if outcome == SUCCESS else "KeyError('x')"
        return Run(number=number, worker="w1@a", finished=NOW + at, outcome=outcome, exception=error)

    one = failed(sent=0, at=90, state=SUCCESS)
    one.runs = [run(1, 20, RETRY), run(2, 30, RETRY), run(3, 90, SUCCESS)]
    await history.write([one])

    found = await the_group(history)

    assert (found.first_seen, found.last_seen) == (NOW + 20, NOW + 30)


async def test_the_groups_that_failed_last_come_first(history: History) -> None:
    other = finished(state=FAILURE, exception="ValueError()", sent=NOW + 1, finished=NOW + 2)
    await history.write([failed(sent=0, at=50), other])

    assert [group.error for group in await history.failures(WINDOW)] == ["KeyError", "ValueError"]
