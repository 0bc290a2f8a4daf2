"""The end of a worker's process that nothing ordered is kept with the tasks that ran, within bounds."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.wire.answers import WORKER_ANSWER, ProcessState
from celery_health.wire.bounds import ACTIVE_LENGTH, ENDS_BYTES, ENDS_LENGTH
from celery_health.wire.worker_report import ActiveTask, WorkerReport
from celery_probe.sidecar.observe.ends import STALE_SECONDS, EndLog, Moment
from celery_probe.sidecar.observe.lock import LockReading
from tests.unit.wire.documents import encoded, worker_answer, worker_document, worker_report

RUNNING, ENDED = LockReading(ProcessState.RUNNING, 7), LockReading(ProcessState.ENDED)
NOW = 1000.5


@pytest.fixture
def log(tmp_path_factory: pytest.TempPathFactory) -> EndLog:
    return EndLog(tmp_path_factory.mktemp("run"))


def report(**changes: Any) -> WorkerReport:
    times = {"written_mono": 1000.0, "written_at": 1700000010.0, "started_mono": 900.0}
    return worker_report(worker_document(**{**times, **changes}))


def moment(
    lock: LockReading | None, of: WorkerReport | None, *, live: bool = True, stopping: bool = False
) -> Moment:
    return Moment(lock, of, live, stopping)


def test_the_end_of_a_process_is_kept_with_its_active_tasks(log: EndLog) -> None:
    last = report(memory_limit_bytes=1 << 28)
    log.note(moment(RUNNING, last), moment(ENDED, last), NOW)
    (end,) = log.latest(NOW + 10)
    assert (end.pid, end.started_mono, end.ended_mono, end.ended_age) == (7, 900.0, NOW, 10.0)
    assert (end.active_count, end.memory_limit_bytes) == (1, 1 << 28)
    (task,) = end.active
    # Half a second after the report, which was written 9.5 s after the task began.
    assert (task.id, task.name, task.ran_for) == ("a1", "shop.tasks.sell", 10.0)


def test_a_task_that_began_after_the_last_refresh_is_in_the_last_report(log: EndLog) -> None:
    last = report(written_mono=1000.2, active=[{"id": "b2", "name": "shop.tasks.buy", "started_at": None}])
    log.note(moment(RUNNING, report()), moment(ENDED, last), NOW)
    assert [(task.id, task.ran_for) for task in log.latest(NOW)[0].active] == [("b2", None)]


def test_a_process_that_another_has_replaced_is_shown_by_its_own_last_report(log: EndLog) -> None:
    successor = report(started_mono=1000.4, active=[])
    log.note(moment(RUNNING, report()), moment(LockReading(ProcessState.RUNNING, 8), successor), NOW)
    assert [end.started_mono for end in log.latest(NOW)] == [900.0]
    log.note(moment(RUNNING, report()), moment(LockReading(ProcessState.RUNNING, 9), None), NOW)
    assert [end.started_mono for end in log.latest(NOW)] == [900.0, 900.0]


STARVED = {"id": "c3", "name": "shop.tasks.starve", "ran_for": 1.5, "cause": "MemoryError", "returns": True}


@pytest.mark.parametrize("stopping", [False, True])
def test_a_task_because_of_which_celery_ends_the_worker_is_kept_although_the_worker_stops_in_order(
    stopping: bool, log: EndLog
) -> None:
    last = report(phase="stopping", ended_by=STARVED, written_mono=NOW - STALE_SECONDS - 1)
    log.note(moment(RUNNING, report()), moment(ENDED, last, stopping=stopping), NOW)
    (end,) = log.latest(NOW)
    assert (end.cause, end.returns, end.active_count, end.pid) == ("MemoryError", True, 1, 7)
    assert [(task.id, task.name, task.ran_for) for task in end.active] == [("c3", "shop.tasks.starve", 1.5)]


def test_such_an_end_outlives_the_next_process(log: EndLog) -> None:
    last, successor = report(ended_by=STARVED), report(started_mono=1000.4)
    log.note(moment(RUNNING, last), moment(LockReading(ProcessState.RUNNING, 8), successor), NOW)
    log.note(moment(LockReading(ProcessState.RUNNING, 8), successor), moment(ENDED, successor), NOW + 1)
    assert [end.cause for end in log.latest(NOW + 1)] == ["MemoryError", ""]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (moment(RUNNING, report(phase="stopping")), moment(ENDED, report(phase="stopping"))),
        (moment(RUNNING, report()), moment(ENDED, report(phase="stopping"))),
        (moment(RUNNING, report(), stopping=True), moment(ENDED, report())),
        (moment(RUNNING, report()), moment(ENDED, report(), stopping=True)),
        (moment(RUNNING, report(), live=False), moment(ENDED, report())),
        (moment(RUNNING, None), moment(ENDED, None)),
        (moment(RUNNING, report(written_mono=NOW - STALE_SECONDS - 1)), moment(ENDED, None)),
        (moment(None, None), moment(ENDED, report())),
        (moment(ENDED, report()), moment(ENDED, report())),
        (moment(ENDED, report()), moment(RUNNING, report())),
        (moment(RUNNING, report()), moment(RUNNING, report())),
        (moment(RUNNING, report()), moment(LockReading(ProcessState.UNSEEN), report())),
    ],
    ids=[
        "it stopped",
        "it stopped after the last refresh",
        "its stop was requested",
        "its stop has just been requested",
        "liveness failed",
        "it never reported",
        "its report is old",
        "the sidecar has just started",
        "it had ended before",
        "it starts",
        "it runs",
        "the lock cannot be read",
    ],
)
def test_an_end_that_is_ordered_or_in_doubt_is_not_kept(log: EndLog, before: Moment, after: Moment) -> None:
    log.note(before, after, NOW)
    assert log.latest(NOW) == ()


def test_the_stop_hook_of_the_worker_requests_a_stop(tmp_path: Path) -> None:
    log = EndLog(tmp_path)
    assert not log.is_stop_requested()
    (tmp_path / "stop").touch()
    assert log.is_stop_requested()


def test_the_oldest_ends_are_dropped_first(log: EndLog) -> None:
    for number in range(ENDS_LENGTH + 5):
        log.note(moment(RUNNING, report(pid=number)), moment(ENDED, report(pid=number)), NOW)
    assert [end.pid for end in log.latest(NOW)] == list(range(5, ENDS_LENGTH + 5))


def test_of_too_many_tasks_the_first_and_the_last_are_kept(log: EndLog) -> None:
    """The report has those that run longest first, and those that began last at its end."""
    active = tuple(ActiveTask(str(number), "\x00" * 256, 1.0) for number in range(ACTIVE_LENGTH))
    last = msgspec.structs.replace(report(), active=active, active_count=ACTIVE_LENGTH)

    log.note(moment(RUNNING, last), moment(ENDED, last), NOW)

    (end,) = log.latest(NOW)
    assert 2 < len(end.active) < ACTIVE_LENGTH
    assert (end.active[0].id, end.active[-1].id) == ("0", str(ACTIVE_LENGTH - 1))


NAMES = st.text(max_size=256) | st.sampled_from(["\x00" * 256, "é" * 256, "a"])


@given(st.lists(st.tuples(NAMES, st.integers(0, ACTIVE_LENGTH)), min_size=1, max_size=30))
def test_any_ends_keep_their_bounds_and_the_newest_is_kept(ends: list[tuple[str, int]]) -> None:
    log = EndLog(Path("/nowhere"))
    for name, count in ends:
        active = (ActiveTask(name, name, 1.0),) * count
        last = msgspec.structs.replace(report(), active=active, active_count=count)
        log.note(moment(RUNNING, last), moment(ENDED, last), NOW)
    found = log.latest(NOW + 1e9)
    # Each age may have grown by as many digits as the largest has.
    assert len(msgspec.json.encode(found)) <= ENDS_BYTES + ENDS_LENGTH * 20
    assert found[-1].active_count == ends[-1][1]
    answer = WORKER_ANSWER.decode(encoded(worker_answer(ends=msgspec.to_builtins(found))))
    assert answer.ends == found
