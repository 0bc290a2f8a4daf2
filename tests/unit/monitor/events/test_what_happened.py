"""Where no event is missing and no delivery comes twice at once, the runs are those that took place."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.events.event import Event
from celery_monitor.events.merge import Merger
from celery_monitor.records.tasks import Run
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event, received

WORKERS = (WORKER, OTHER)
PAUSES = (0.01, 0.5, 3.0, 40.0)
ENDS = {
    "succeeded": ("task-succeeded", "SUCCESS"),
    "failed": ("task-failed", "FAILURE"),
    "retried": ("task-retried", "RETRY"),
    "put back": ("task-rejected", "REJECTED"),
    "killed": ("worker-online", "LOST"),
}
Happened = tuple[str, int, float, float, float | None, str]


class Life:
    """A task that is delivered to two workers in turn, each time when the run before it has ended."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw
        self._at = 0.0
        self._pids = {WORKER: 11, OTHER: 12}
        self._received: float | None = None
        self.events: list[Event] = []
        self.runs: list[Happened] = []
        worker, retries = self._deliver(0)
        for _ in range(data.draw(st.integers(0, 3))):
            following = self._run(worker, retries)
            if following is None:
                break
            worker, retries = following

    def _now(self) -> float:
        self._at = round(self._at + self._draw(st.sampled_from(PAUSES)), 3)
        return self._at

    def _deliver(self, retries: int) -> tuple[str, int]:
        worker = self._draw(st.sampled_from(WORKERS))
        self._received = self._now()
        self.events.append(received(self._received, worker=worker, pid=self._pids[worker], retries=retries))
        return worker, retries

    def _run(self, worker: str, retries: int) -> tuple[str, int] | None:
        began, started, pid = self._received, self._now(), self._pids[worker]
        assert began is not None
        self.events.append(event("task-started", started, worker=worker, pid=pid))
        end = self._draw(st.sampled_from(sorted(ENDS)))
        kind, outcome = ENDS[end]
        # Celery sends the message of a retry before the event, so the retry may be received first.
        at_once = end == "retried" and self._draw(st.booleans())
        following = self._deliver(retries + 1) if at_once else None
        finished = self._now()
        if end == "killed":
            pid = self._pids[worker] = pid + 100
        more: dict[str, Any] = {"processed": 0, "active": 0} if end == "killed" else {}
        if end == "put back":
            more["requeue"] = True
        self.events.append(event(kind, finished, worker=worker, pid=pid, **more))
        self.runs.append((worker, retries, began, started, None if end == "killed" else finished, outcome))
        if end in {"succeeded", "failed"}:
            return None
        return following or self._deliver(retries + (end == "retried"))


def seen(run: Run) -> tuple[str, int, float | None, float | None, float | None, str | None]:
    received_at, started, finished = (
        None if time is None else round(time - T0, 3) for time in (run.received, run.started, run.finished)
    )
    return run.worker, run.retries, received_at, started, finished, run.outcome


@given(st.data())
def test_the_runs_are_those_that_took_place(data: st.DataObject) -> None:
    life = Life(data)
    events = list(life.events)
    for one in data.draw(st.lists(st.sampled_from(life.events), max_size=4)):
        # Events come twice, and late: the second time anywhere behind the first.
        first = next(place for place, known in enumerate(events) if known is one)
        events.insert(data.draw(st.integers(first + 1, len(events))), one)
    merger = Merger()
    for one in events:
        merger.apply(copy.copy(one), one.timestamp)
    record = merger.get("t1")
    assert record is not None
    assert [seen(run) for run in record.runs if run.started is not None] == life.runs
    assert record.run_twice == any(run[-1] == "SUCCESS" for run in life.runs[:-1])
