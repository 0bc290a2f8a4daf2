"""A worker that hears nothing of its broker is restarted once that is surely not the broker's own doing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.worker import WorkerVerdict, worker_verdict
from celery_health.wire.answers import ProcessState
from tests.unit.wire.documents import worker_document, worker_report

NOW = 1000.0
RUNNING = ProcessState.RUNNING
ANSWERING = 16.0


def verdict_on(
    changes: dict[str, Any],
    *,
    process: ProcessState = RUNNING,
    answers_for: float | None = ANSWERING,
    reachable_for: float | None = ANSWERING,
    jitter: float = 0.0,
) -> WorkerVerdict:
    return worker_verdict(
        worker_report(worker_document(**{"active_count": 0, "active": [], **changes})),
        process,
        NOW,
        observed_since=0.0,
        broker_answers_for=answers_for,
        broker_reachable_for=reachable_for,
        jitter=jitter,
    )


def deaf(since: float | None, *, changes: dict[str, Any] | None = None, **around: Any) -> WorkerVerdict:
    fetched = None if since is None else NOW - since
    return verdict_on({"consuming": False, "fetched_mono": fetched, **(changes or {})}, **around)


def answers(verdict: WorkerVerdict) -> tuple[WorkerReason, bool, bool, bool, bool | None]:
    return verdict.reason, verdict.started, verdict.live, verdict.ready, verdict.consuming


def test_a_worker_deaf_for_longer_than_the_grace_is_to_be_restarted() -> None:
    assert answers(deaf(10)) == (WorkerReason.DEAF, True, True, False, False)
    assert answers(deaf(10.1)) == (WorkerReason.DEAF, True, False, False, False)


def test_its_jitter_keeps_a_deaf_worker_for_so_much_longer() -> None:
    assert deaf(20, jitter=10.5).live
    assert not deaf(21, jitter=10.5).live


@pytest.mark.parametrize("reachable_for", [None, 0.0, 15.0])
def test_a_deaf_worker_is_left_alone_until_the_broker_has_long_answered_this_pod(
    reachable_for: float | None,
) -> None:
    assert deaf(600, reachable_for=reachable_for).live


def test_a_broker_that_may_keep_its_clients_waiting_is_no_excuse_for_one_without_a_consumer() -> None:
    assert not deaf(600, answers_for=None).live


def test_a_worker_that_left_all_its_queues_on_request_is_deaf_and_not_restarted() -> None:
    verdict = deaf(600, changes={"queues": []})
    assert (verdict.reason, verdict.live) == (WorkerReason.DEAF, True)
    assert "left all its queues" in verdict.message


def test_a_report_without_the_time_of_the_last_fetch_keeps_a_deaf_worker_alive() -> None:
    assert deaf(None).live


@pytest.mark.parametrize("process", [ProcessState.UNSEEN, ProcessState.ENDED])
def test_no_process_is_restarted_for_deafness_that_does_not_surely_run(process: ProcessState) -> None:
    assert deaf(600, process=process).live


@pytest.mark.parametrize(("since", "live"), [(300.0, True), (301.0, False)])
def test_a_deaf_worker_may_finish_what_it_runs_within_a_limit(since: float, live: bool) -> None:
    assert deaf(since, changes={"active_count": 1}).live is live


def test_a_draining_worker_fetches_nothing_and_is_not_deaf() -> None:
    verdict = deaf(600, changes={"phase": "draining"})
    assert (verdict.reason, verdict.live) == (WorkerReason.DRAINING, True)


def test_an_old_report_does_not_make_a_deafness_longer() -> None:
    changes = {"written_mono": NOW - 12, "loop_mono": NOW - 12, "fetched_mono": NOW - 20}
    assert deaf(None, changes=changes).live


def silent(since: float | None, evidence: dict[str, Any] | None = None, **around: Any) -> WorkerVerdict:
    transport = {**worker_document()["transport"], "pop_timeout": 1.0, **(evidence or {})}
    answered = None if since is None else NOW - since
    return verdict_on({"answered_mono": answered, "transport": transport}, **around)


def test_a_redis_connection_that_owes_an_answer_for_too_long_is_half_open() -> None:
    assert answers(silent(20)) == (WorkerReason.CONSUMING, True, True, True, True)
    verdict = silent(20.1)
    assert answers(verdict) == (WorkerReason.DEAF, True, False, False, False)
    assert "has owed it an answer for 20 s" in verdict.message


def test_the_jitter_spreads_the_restarts_of_half_open_workers_too() -> None:
    verdict = silent(22, jitter=15.0)
    assert (verdict.reason, verdict.live) == (WorkerReason.DEAF, True)
    assert not silent(26, jitter=15.0).live


@pytest.mark.parametrize("answers_for", [None, 0.0, 15.0])
def test_a_broker_that_does_not_answer_this_pod_either_makes_no_connection_half_open(
    answers_for: float | None,
) -> None:
    assert answers(silent(600, answers_for=answers_for)) == (WorkerReason.CONSUMING, True, True, True, True)


@pytest.mark.parametrize(
    "evidence",
    [
        {"kind": "amqp"},
        {"polling": False},
        {"polling": None},
        {"can_consume": False},
        {"can_consume": None},
        {"pop_timeout": 300.0},
    ],
)
def test_silence_proves_nothing_where_no_answer_is_due(evidence: dict[str, Any]) -> None:
    assert silent(600, evidence).reason is WorkerReason.CONSUMING


def test_an_agent_that_sees_no_answers_makes_no_connection_half_open() -> None:
    assert silent(None).reason is WorkerReason.CONSUMING


def test_a_pop_that_waits_long_has_three_times_as_long_to_be_answered() -> None:
    assert silent(89, {"pop_timeout": 30.0}).reason is WorkerReason.CONSUMING
    assert silent(91, {"pop_timeout": 30.0}).reason is WorkerReason.DEAF


_MOMENTS = st.floats(0, NOW) | st.none()
_SILENT_BROKER = st.none() | st.floats(0, 15)


@given(
    changes=st.fixed_dictionaries(
        {
            "phase": st.sampled_from(["connecting", "consuming", "draining", "stopping"]),
            "consuming": st.sampled_from([True, None, False]),
            "queues": st.lists(st.sampled_from(["a", "b"]), max_size=2),
            "active_count": st.integers(0, 2),
            "fetched_mono": _MOMENTS,
            "answered_mono": _MOMENTS,
        }
    ),
    jitter=st.floats(0, 15),
    broker=_SILENT_BROKER,
)
def test_no_worker_with_a_turning_loop_is_restarted_while_its_broker_is_away(
    changes: dict[str, Any], jitter: float, broker: float | None
) -> None:
    assert verdict_on(changes, answers_for=broker, reachable_for=broker, jitter=jitter).live


@given(since=st.floats(0, 600), longer=st.floats(0, 600), jitter=st.floats(0, 15))
def test_a_longer_deafness_never_gives_a_better_verdict(since: float, longer: float, jitter: float) -> None:
    assert deaf(since + longer, jitter=jitter).live <= deaf(since, jitter=jitter).live
    assert silent(since + longer, jitter=jitter).ready <= silent(since, jitter=jitter).ready
