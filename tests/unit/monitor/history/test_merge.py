"""Two records of one task become one: what is known is kept, and merging again changes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.history.writing.merge import merge_records
from celery_monitor.records.states import CELERY_STATES, FAILURE, LOST, RECEIVED, RETRY, STARTED, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord


def _run(**values: object) -> Run:
    return Run(**{"number": 1, "worker": "w1", **values})  # type: ignore[arg-type]


def test_a_monitor_that_restarted_completes_what_it_had_written() -> None:
    stored = TaskRecord(
        id="a",
        name="shop.mail",
        args="(42,)",
        state=STARTED,
        state_time=3.0,
        worker="w1",
        sent=1.0,
        received=2.0,
        started=3.0,
        runs=[_run(received=2.0, started=3.0)],
    )
    new = TaskRecord(
        id="a",
        state=SUCCESS,
        state_time=5.0,
        worker="w1",
        result="'ok'",
        finished=5.0,
        runtime=2.0,
        runs=[_run(finished=5.0, outcome=SUCCESS, runtime=2.0)],
    )
    merged = merge_records(stored, new)
    assert (merged.name, merged.args, merged.state, merged.result) == ("shop.mail", "(42,)", SUCCESS, "'ok'")
    assert (merged.sent, merged.received, merged.started, merged.finished) == (1.0, 2.0, 3.0, 5.0)
    assert merged.runs == [_run(received=2.0, started=3.0, finished=5.0, outcome=SUCCESS, runtime=2.0)]


def test_an_older_state_does_not_come_back() -> None:
    done = TaskRecord(id="a", state=SUCCESS, state_time=5.0, clock=9, finished=5.0)
    late = TaskRecord(id="a", state=STARTED, state_time=3.0, clock=4, started=3.0)
    merged = merge_records(done, late)
    assert (merged.state, merged.state_time, merged.started, merged.finished) == (SUCCESS, 5.0, 3.0, 5.0)


def test_of_two_states_at_one_moment_celerys_order_decides() -> None:
    started = TaskRecord(id="a", state=STARTED, state_time=5.0)
    done = TaskRecord(id="a", state=SUCCESS, state_time=5.0)
    assert merge_records(started, done).state == SUCCESS
    assert merge_records(done, started).state == SUCCESS


def test_a_retry_is_a_second_run_and_its_times_are_its_own() -> None:
    first = _run(received=1.0, started=2.0, finished=3.0, outcome=RETRY)
    stored = TaskRecord(
        id="a", state=RETRY, state_time=3.0, received=1.0, started=2.0, finished=3.0, runs=[first]
    )
    second = _run(received=8.0, retries=1)
    new = TaskRecord(id="a", state="RECEIVED", state_time=8.0, received=8.0, retries=1, runs=[second])
    merged = merge_records(stored, new)
    assert [run.outcome for run in merged.runs] == [RETRY, None]
    assert [run.number for run in merged.runs] == [1, 2]
    assert (merged.received, merged.started, merged.finished) == (8.0, None, None)


def test_runs_of_two_workers_are_two_runs() -> None:
    stored = TaskRecord(id="a", runs=[_run(started=2.0)])
    new = TaskRecord(id="a", runs=[_run(worker="w2", started=1.0, finished=4.0, outcome=SUCCESS)])
    assert [(run.number, run.worker) for run in merge_records(stored, new).runs] == [(1, "w2"), (2, "w1")]


def test_a_run_that_was_lost_is_not_when_its_worker_comes_back() -> None:
    stored = TaskRecord(id="a", state=LOST, state_time=4.0, runs=[_run(started=2.0, outcome=LOST)])
    new = TaskRecord(
        id="a", state=SUCCESS, state_time=6.0, runs=[_run(started=2.0, finished=6.0, outcome=SUCCESS)]
    )
    merged = merge_records(stored, new)
    assert [run.outcome for run in merged.runs] == [SUCCESS]
    assert merge_records(merged, stored).runs == merged.runs


def test_a_run_that_was_lost_lasts_when_its_worker_is_heard_of_again() -> None:
    run = _run(started=2.0, outcome=LOST)
    lost = TaskRecord(id="a", state=LOST, state_time=4.0, worker="w1", started=2.0, runs=[run])
    lasting = _run(started=2.0)
    again = TaskRecord(id="a", state=STARTED, state_time=5.0, worker="w1", started=2.0, runs=[lasting])
    before = TaskRecord(id="a", state=STARTED, state_time=2.0, worker="w1", started=2.0, runs=[lasting])
    for merged in (merge_records(lost, again), merge_records(again, lost)):
        assert (merged.state, merged.state_time, merged.runs) == (STARTED, 5.0, [lasting])
    for merged in (merge_records(lost, before), merge_records(before, lost)):
        assert (merged.state, merged.state_time, merged.runs) == (LOST, 4.0, [run])


def test_a_success_stays_although_an_earlier_run_was_found_lost_later() -> None:
    lost = TaskRecord(
        id="a", state=LOST, state_time=30.0, worker="w1", runs=[_run(started=2.0, outcome=LOST)], started=2.0
    )
    second = _run(worker="w2", started=20.0, finished=21.0, outcome=SUCCESS)
    done = TaskRecord(
        id="a", state=SUCCESS, state_time=21.0, worker="w2", runs=[second], started=20.0, finished=21.0
    )
    for merged in (merge_records(lost, done), merge_records(done, lost)):
        assert (merged.state, merged.worker, merged.started) == (SUCCESS, "w2", 20.0)
        assert [run.outcome for run in merged.runs] == [LOST, SUCCESS]


def test_a_run_that_follows_a_lost_one_gives_the_state_although_the_loss_was_noted_later() -> None:
    lost = TaskRecord(
        id="a", state=LOST, state_time=30.0, worker="w1", runs=[_run(started=2.0, outcome=LOST)], started=2.0
    )
    again = TaskRecord(
        id="a",
        state=STARTED,
        state_time=20.0,
        worker="w2",
        runs=[_run(worker="w2", started=20.0)],
        started=20.0,
    )
    for merged in (merge_records(lost, again), merge_records(again, lost)):
        assert (merged.state, merged.worker) == (STARTED, "w2")


def test_a_task_that_was_sent_later_by_the_clock_of_its_client_is_not_pending_again() -> None:
    sent = TaskRecord(id="a", sent=9.0, state_time=9.0)
    new = TaskRecord(
        id="a", state=RECEIVED, state_time=8.0, worker="w1", received=8.0, sent=9.0, runs=[_run(received=8.0)]
    )
    assert merge_records(sent, new).state == RECEIVED


def test_a_success_after_a_retry_does_not_show_the_exception_of_the_retry() -> None:
    first = _run(started=1.0, finished=2.0, outcome=RETRY, exception="E()")
    stored = TaskRecord(
        id="a",
        state=RETRY,
        state_time=2.0,
        worker="w1",
        started=1.0,
        finished=2.0,
        exception="E()",
        runs=[first],
    )
    second = _run(number=2, started=3.0, finished=4.0, outcome=SUCCESS, retries=1)
    new = TaskRecord(
        id="a", state=SUCCESS, state_time=4.0, worker="w1", started=3.0, finished=4.0, runs=[first, second]
    )
    merged = merge_records(stored, new)
    assert (merged.exception, [run.exception for run in merged.runs]) == (None, ["E()", None])


def test_a_second_success_of_one_worker_is_a_second_run() -> None:
    one = TaskRecord(id="a", runs=[_run(started=1.0, finished=2.0, outcome=SUCCESS)])
    two = TaskRecord(id="a", runs=[_run(started=5.0, finished=6.0, outcome=SUCCESS)], run_twice=True)
    merged = merge_records(one, two)
    assert len(merged.runs) == 2
    assert merged.run_twice


_TIMES = st.one_of(st.none(), st.integers(1, 40).map(float))
_RUNS = st.builds(
    Run,
    number=st.just(1),
    worker=st.sampled_from(["w1", "w2"]),
    received=_TIMES,
    started=_TIMES,
    finished=_TIMES,
    outcome=st.sampled_from([None, SUCCESS, FAILURE, LOST]),
)
_RECORDS = st.builds(
    TaskRecord,
    id=st.just("a"),
    name=st.sampled_from([None, "shop.mail"]),
    state=st.sampled_from([*CELERY_STATES, "PROGRESS", LOST]),
    state_time=st.integers(0, 5).map(float),
    clock=st.integers(0, 3),
    updated=st.integers(0, 9).map(float),
    worker=st.sampled_from([None, "w1", "w2"]),
    received=_TIMES,
    runs=st.lists(_RUNS, max_size=1),
)


@given(_RECORDS, _RECORDS)
def test_merging_a_record_again_changes_nothing(stored: TaskRecord, new: TaskRecord) -> None:
    once = merge_records(stored, new)
    assert merge_records(once, new) == once
    assert merge_records(once, once) == once


@given(_RECORDS, _RECORDS)
def test_the_state_does_not_depend_on_the_order(one: TaskRecord, two: TaskRecord) -> None:
    forward, backward = merge_records(one, two), merge_records(two, one)
    assert (forward.state, forward.state_time) == (backward.state, backward.state_time)
    assert len(forward.runs) == len(backward.runs)
