"""A prefork pool whose children do not live runs nothing. Idle and busy pools do not count as dead."""

from typing import Any

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.worker import WorkerVerdict, worker_verdict
from celery_health.wire.answers import ProcessState
from tests.unit.wire.documents import worker_document, worker_report

NOW = 1000.0
RUNNING = ProcessState.RUNNING


def verdict_on(process: ProcessState = RUNNING, **changes: Any) -> WorkerVerdict:
    churning = {"progress_mono": NOW - 30.1, "pool_births": 12, "pool_alive_mono": NOW}
    report = worker_report(worker_document(**{**churning, **changes}))
    return worker_verdict(report, process, NOW, observed_since=0.0)


def answers(verdict: WorkerVerdict) -> tuple[WorkerReason, bool, bool, bool, bool | None]:
    return verdict.reason, verdict.started, verdict.live, verdict.ready, verdict.consuming


def test_a_pool_whose_children_die_as_fast_as_they_start_is_dead() -> None:
    verdict = verdict_on()
    assert answers(verdict) == (WorkerReason.POOL_DEAD, True, False, False, False)
    assert " 12 " in verdict.message
    assert "30 s" in verdict.message


def test_a_pool_that_long_had_no_child_is_dead() -> None:
    verdict = verdict_on(pool_pids=[], pool_births=0, pool_alive_mono=NOW - 31)
    assert answers(verdict) == (WorkerReason.POOL_DEAD, True, False, False, False)
    assert "no child for 31 s" in verdict.message


@pytest.mark.parametrize(
    "changes",
    [
        {"pool_births": 11},
        {"progress_mono": NOW - 30},
        {"progress_mono": None},
        {"pool_kind": "threads"},
        {"pool_kind": "solo"},
        {"pool_births": 0},
        {"pool_births": 0, "pool_pids": [], "pool_alive_mono": NOW - 29},
        {"pool_births": 0, "pool_pids": [], "pool_alive_mono": None},
        {"pool_size": 0, "pool_pids": [], "pool_alive_mono": NOW - 600},
    ],
)
def test_less_than_that_is_no_dead_pool(changes: dict[str, Any]) -> None:
    assert answers(verdict_on(**changes)) == (WorkerReason.CONSUMING, True, True, True, True)


def test_a_worker_idle_for_days_whose_children_live_has_no_dead_pool() -> None:
    assert verdict_on(progress_mono=NOW - 1e6, pool_births=2).reason is WorkerReason.CONSUMING


def test_the_dead_pool_of_a_draining_worker_finishes_nothing_either() -> None:
    assert verdict_on(phase="draining").reason is WorkerReason.POOL_DEAD


@pytest.mark.parametrize("phase", ["starting", "connecting", "stopping"])
def test_outside_the_loop_no_pool_is_judged(phase: str) -> None:
    verdict = verdict_on(phase=phase)
    assert (verdict.reason is not WorkerReason.POOL_DEAD, verdict.live) == (True, True)


def test_a_dead_pool_comes_before_deafness() -> None:
    assert verdict_on(consuming=False).reason is WorkerReason.POOL_DEAD


def test_no_process_is_restarted_for_its_pool_that_does_not_surely_run() -> None:
    verdict = verdict_on(ProcessState.UNSEEN)
    assert (verdict.reason, verdict.live) == (WorkerReason.POOL_DEAD, True)


def test_an_old_report_does_not_make_an_idle_time_longer() -> None:
    stale: dict[str, Any] = {"written_mono": NOW - 14, "loop_mono": NOW - 14, "progress_mono": NOW - 40}
    assert verdict_on(**stale).reason is WorkerReason.CONSUMING
