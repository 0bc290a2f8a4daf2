"""What a monitor reads after a start: the tasks that had not ended, and the workers that had them."""

from celery_monitor.history import History
from celery_monitor.records.samples import WorkerSample
from celery_monitor.records.states import LOST, PENDING, RECEIVED, RETRY, STARTED, SUCCESS, UNREPORTED
from celery_monitor.records.tasks import Run, TaskRecord
from tests.integration.monitor.history.examples import NOW, finished


def started(identity: str, state: str = STARTED, at: float = NOW) -> TaskRecord:
    run = Run(number=1, worker="w1", received=at, started=at + 1)
    return TaskRecord(
        id=identity,
        state=state,
        worker="w1",
        received=at,
        started=at + 1,
        state_time=at + 1,
        args="(1,)",
        runs=[run],
    )


async def test_unfinished_tasks_are_read_with_their_runs_and_running_ones_first(history: History) -> None:
    again = TaskRecord(id="again", state=RETRY, state_time=NOW + 2, retries=1, worker="w1", received=NOW + 5)
    again.runs = [
        Run(number=1, worker="w1", started=NOW, finished=NOW + 2, outcome=RETRY),
        Run(number=2, worker="w1", received=NOW + 5, retries=1),
    ]
    received = TaskRecord(id="received", state=RECEIVED, state_time=NOW + 9, worker="w1", received=NOW + 9)
    received.runs = [Run(number=1, worker="w1", received=NOW + 9)]
    await history.write(
        [
            *(finished(state.lower(), state=state) for state in (SUCCESS, LOST, UNREPORTED)),
            TaskRecord(id="pending", state=PENDING, sent=NOW + 8, state_time=NOW + 8),
            received,
            again,
            started("old", at=NOW - 90),
            started("new"),
            started("progress", "PROGRESS"),
        ]
    )
    found = {record.id: record for record in await history.unfinished.tasks(100)}
    assert found.keys() == {"pending", "received", "again", "old", "new", "progress"}
    assert (found["again"].runs, found["received"].runs) == (again.runs, received.runs)
    assert (found["new"].runs, found["new"].args) == (started("new").runs, None)
    assert {record.id for record in await history.unfinished.tasks(3)} == {"old", "new", "progress"}
    assert len(await history.unfinished.tasks(4)) == 4


async def test_the_last_sample_of_a_worker_is_read(history: History) -> None:
    samples = [
        WorkerSample(at=NOW + number, name="w1", online=number < 2, processed=number) for number in range(3)
    ]
    history.take([], workers=samples)
    await history.write()
    assert await history.unfinished.last_samples(["w1", "w2"]) == {"w1": samples[-1]}
