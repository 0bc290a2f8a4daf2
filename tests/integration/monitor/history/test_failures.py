"""Groups of failures: when they failed, and which of them were retried with success."""

from celery_monitor.history import History, Window
from celery_monitor.history.views import FailureView
from celery_monitor.records.requests import RequestedRetry
from celery_monitor.records.states import FAILURE, LOST, RETRY, STARTED, SUCCESS
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


async def test_a_failed_task_has_recovered_if_its_latest_retry_succeeded(history: History) -> None:
    outcomes = {
        "succeeded": [SUCCESS],
        "failed-again": [FAILURE],
        "succeeded-then-failed": [SUCCESS, FAILURE],
        "failed-then-succeeded": [FAILURE, SUCCESS],
        "runs": [STARTED],
        "not-retried": [],
        "lost": [SUCCESS],
    }
    tasks, retries = [], []
    for identity, states in outcomes.items():
        tasks.append(failed(identity, state=LOST if identity == "lost" else FAILURE))
        for number, state in enumerate(states):
            new = f"{identity}-{number}"
            tasks.append(finished(new, state=state, sent=NOW + 100))
            retries.append(RequestedRetry(task_id=new, retry_of=identity, at=NOW + number, identity="ann"))
    await history.write(tasks)
    for retry in retries:
        await history.retries.reserve(retry, again=True)

    found = await the_group(history)

    assert (found.tasks, found.open, found.retrying, found.recovered) == (7, 4, 0, 3)


async def test_a_retry_that_failed_and_was_retried_with_success_has_recovered_too(history: History) -> None:
    await history.write([failed("first"), failed("second"), finished("third")])
    for new, old in (("second", "first"), ("third", "second")):
        retry = RequestedRetry(task_id=new, retry_of=old, at=NOW + 2, identity="ann")
        await history.retries.reserve(retry, again=False)

    found = await the_group(history)

    assert (found.tasks, found.open, found.recovered) == (2, 0, 2)
