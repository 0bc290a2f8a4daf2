"""A main loop that does not turn is only wedged if nothing excuses it."""

from typing import Any

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.worker import WorkerVerdict, worker_verdict
from celery_health.wire.answers import ProcessState
from celery_health.wire.worker_report import LoopWait
from tests.unit.wire.documents import worker_document, worker_report

NOW = 1000.0


def standing(**changes: Any) -> WorkerVerdict:
    report = worker_report(worker_document(loop_mono=NOW - 120, **changes))
    return worker_verdict(report, ProcessState.RUNNING, NOW, observed_since=0.0)


@pytest.mark.parametrize("pool", ["gevent", "eventlet"])
def test_a_loop_that_waits_for_a_free_slot_is_a_busy_worker(pool: str) -> None:
    verdict = standing(pool_kind=pool, loop_waits_for="slot")
    assert (verdict.reason, verdict.live, verdict.ready) == (WorkerReason.BUSY, True, True)
    assert f"The {pool} worker has had no free slot for 120 s; it has 4 slots." in verdict.message


def test_a_loop_that_waits_for_its_broker_is_not_ready_but_no_reason_to_restart() -> None:
    verdict = standing(loop_waits_for="broker")
    assert (verdict.reason, verdict.started, verdict.live, verdict.ready) == (
        WorkerReason.CONNECTING,
        True,
        True,
        False,
    )
    assert "an answer of its broker for 120 s" in verdict.message


def connecting(age: float, jitter: float = 0.0) -> WorkerVerdict:
    report = worker_report(worker_document(loop_mono=NOW - age, loop_waits_for="connection"))
    return worker_verdict(
        report, ProcessState.RUNNING, NOW, observed_since=0.0, broker_answers_for=60.0, jitter=jitter
    )


def test_a_worker_that_still_connects_though_the_broker_is_back_is_let_try() -> None:
    verdict = connecting(120)
    assert (verdict.reason, verdict.live) == (WorkerReason.CONNECTING, True)
    assert "a connection to its broker for 120 s" in verdict.message


def test_a_connection_that_the_kernel_must_have_given_up_excuses_nothing() -> None:
    assert connecting(151).reason is WorkerReason.WEDGED
    assert not connecting(151).live
    assert connecting(151, jitter=5).live


def test_a_draining_worker_with_full_slots_drains() -> None:
    assert standing(phase="draining", loop_waits_for="slot").reason is WorkerReason.DRAINING


@pytest.mark.parametrize("wait", ["", "task", "a word of a later release"])
def test_a_prefork_loop_without_such_an_excuse_is_wedged(wait: str) -> None:
    verdict = standing(loop_waits_for=wait)
    assert (verdict.reason, verdict.live) == (WorkerReason.WEDGED, False)


def test_a_report_without_what_the_loop_waits_for_reads_as_unknown() -> None:
    assert worker_report(worker_document()).loop_waits_for is LoopWait.UNKNOWN


def stuck_at_start(
    now: float, answering: float | None, wait: str = "broker", jitter: float = 0.0
) -> WorkerVerdict:
    """A consumer that connected at NOW - 60 and whose loop never turned since."""
    report = worker_report(
        worker_document(
            phase="connecting", loop_mono=None, loop_due_mono=NOW - 60, loop_waits_for=wait, written_mono=now
        )
    )
    return worker_verdict(
        report,
        ProcessState.RUNNING,
        now,
        observed_since=0.0,
        broker_answers_for=answering,
        jitter=jitter,
    )


@pytest.mark.parametrize("answering", [None, 0.0, 14.0])
def test_a_broker_that_does_not_answer_excuses_a_loop_that_waits_for_it(answering: float | None) -> None:
    verdict = stuck_at_start(NOW, answering)
    assert (verdict.reason, verdict.live) == (WorkerReason.CONNECTING, True)


def test_a_loop_that_waits_for_a_broker_which_answers_others_is_wedged() -> None:
    verdict = stuck_at_start(NOW, answering=16.0)
    assert (verdict.reason, verdict.live) == (WorkerReason.WEDGED, False)
    assert "for 60 s, though the broker answers" in verdict.message


def test_a_fleet_that_waits_for_its_broker_is_not_restarted_at_once() -> None:
    later, now = stuck_at_start(NOW - 32, 600.0, jitter=15.0), stuck_at_start(NOW - 29, 600.0, jitter=15.0)
    assert (later.reason, later.live, later.ready) == (WorkerReason.WEDGED, True, False)
    assert (now.reason, now.live) == (WorkerReason.WEDGED, False)


def test_a_loop_that_stands_by_itself_waits_for_no_jitter() -> None:
    assert not stuck_at_start(NOW - 44, 600.0, wait="", jitter=15.0).live


def test_a_loop_that_was_only_just_due_is_connecting() -> None:
    verdict = stuck_at_start(NOW - 50, answering=600.0)
    assert (verdict.reason, verdict.live) == (WorkerReason.CONNECTING, True)


def test_a_worker_that_still_seeks_its_first_connection_is_never_wedged() -> None:
    report = worker_report(worker_document(phase="connecting", loop_mono=None, loop_due_mono=None))
    verdict = worker_verdict(report, ProcessState.RUNNING, NOW, observed_since=0.0, broker_answers_for=600.0)
    assert (verdict.reason, verdict.live) == (WorkerReason.CONNECTING, True)
