"""Since when tasks fail with one error at one line, and on which workers."""

import pytest

from celery_monitor.history import History, Window
from celery_monitor.history.reading import onset as module
from celery_monitor.history.reading.onset import STEPS
from celery_monitor.history.views import FailingWorker
from celery_monitor.records.states import FAILURE
from celery_monitor.records.tasks import TaskRecord
from tests.integration.monitor.history.examples import NOW, finished

PLACE = "srv/shop/tasks.py:42 in charge"
WINDOW = Window(NOW - 3_000, NOW)


def failed(ago: float, worker: str | None = "w1@a", line: int = 42) -> TaskRecord:
    """A task that was sent this number of seconds before now, and failed."""
    return finished(
        state=FAILURE,
        exception="KeyError('x')",
        traceback=f'  File "/srv/shop/tasks.py", line {line}, in charge\nKeyError',
        worker=worker,
        sent=NOW - ago,
        received=None,
        started=None,
        finished=NOW - ago + 1,
    )


async def test_the_onset_counts_one_error_in_its_window_and_before(history: History) -> None:
    await history.write(
        [
            finished(sent=NOW - 20_000, received=None),
            failed(10_000),
            failed(4_000),
            failed(3_001),
            failed(3_000),
            failed(1_450, "w2@a"),
            failed(1_440, "w2@a"),
            failed(0.001, None),
            failed(0),
            failed(100, line=43),
        ]
    )
    found = await history.onsets.of("KeyError", PLACE, WINDOW)
    assert found is not None
    assert (found.history_since, found.first) == (NOW - 20_000, NOW - 9_999)
    assert (found.tasks, found.before, sum(found.trend)) == (4, 2, 4)
    assert [step for step, tasks in enumerate(found.trend) if tasks] == [0, 15, STEPS - 1]
    assert list(found.workers) == [
        FailingWorker(name="w2@a", tasks=2, first=NOW - 1_449, last=NOW - 1_439),
        FailingWorker(name=None, tasks=1, first=NOW + 0.999, last=NOW + 0.999),
        FailingWorker(name="w1@a", tasks=1, first=NOW - 2_999, last=NOW - 2_999),
    ]


async def test_tasks_that_waited_count_when_they_failed(history: History) -> None:
    slow = failed(2_900)
    slow.finished = slow.runs[0].finished = NOW - 50
    await history.write([slow, failed(2_800)])
    found = await history.onsets.of("KeyError", PLACE, WINDOW)
    assert found is not None
    assert found.first == NOW - 2_799
    assert [step for step, tasks in enumerate(found.trend) if tasks] == [2, STEPS - 1]
    assert list(found.workers) == [FailingWorker(name="w1@a", tasks=2, first=NOW - 2_799, last=NOW - 50)]


async def test_only_the_workers_with_the_most_failures_are_listed(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WORKERS", 1)
    await history.write([failed(10, "w1@a"), failed(11, "w2@a"), failed(12, "w2@a")])
    found = await history.onsets.of("KeyError", PLACE, WINDOW)
    assert found is not None
    assert ([one.name for one in found.workers], found.worker_count) == (["w2@a"], 2)


@pytest.mark.parametrize("error", ["ValueError", "Key", "\x00", "K" * 1000])
async def test_an_error_that_never_was_has_no_onset(history: History, error: str) -> None:
    await history.write([failed(10)])
    assert await history.onsets.of(error, PLACE, WINDOW) is None
    assert await history.onsets.of("KeyError", None, WINDOW) is None
