"""The verdict on one worker: a table of cases, and what holds whatever the evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.worker import WorkerVerdict, worker_verdict
from celery_health.wire.answers import ProcessState
from celery_health.wire.worker_report import Phase, WorkerReport
from tests.unit.wire.documents import worker_document, worker_report

NOW = 1000.0
RUNNING, ENDED, UNSEEN = ProcessState.RUNNING, ProcessState.ENDED, ProcessState.UNSEEN


def verdict_on(
    process: ProcessState, *, waited: float = 500.0, running_since: float | None = None, **changes: object
) -> WorkerVerdict:
    report = worker_report(worker_document(**changes))
    return worker_verdict(report, process, NOW, observed_since=NOW - waited, running_since=running_since)


def unreported(process: ProcessState, waited: float, report_error: str = "") -> WorkerVerdict:
    return worker_verdict(None, process, NOW, observed_since=NOW - waited, report_error=report_error)


def answers(verdict: WorkerVerdict) -> tuple[WorkerReason, bool, bool, bool, bool | None]:
    return verdict.reason, verdict.started, verdict.live, verdict.ready, verdict.consuming


def test_a_worker_that_fetches_messages_passes_every_probe() -> None:
    assert answers(verdict_on(RUNNING)) == (WorkerReason.CONSUMING, True, True, True, True)


def test_a_transport_that_shows_nothing_leaves_the_worker_ready_but_not_known_to_consume() -> None:
    assert answers(verdict_on(RUNNING, consuming=None)) == (WorkerReason.CONSUMING, True, True, True, None)


def test_a_worker_whose_loop_turns_but_fetches_nothing_is_deaf_and_not_restarted() -> None:
    assert answers(verdict_on(RUNNING, consuming=False)) == (WorkerReason.DEAF, True, True, False, False)


def test_a_draining_worker_stays_ready_so_that_it_is_not_deleted_first() -> None:
    verdict = verdict_on(RUNNING, phase="draining", consuming=False)
    assert answers(verdict) == (WorkerReason.DRAINING, True, True, True, False)
    assert "6 tasks" in verdict.message


@pytest.mark.parametrize(
    ("phase", "reason", "started"),
    [
        ("starting", WorkerReason.STARTING, False),
        ("connecting", WorkerReason.CONNECTING, True),
        ("stopping", WorkerReason.STOPPING, True),
    ],
)
def test_outside_its_loop_a_worker_is_live_and_not_ready(
    phase: str, reason: WorkerReason, started: bool
) -> None:
    verdict = verdict_on(RUNNING, phase=phase, consuming=False, loop_mono=None)
    assert answers(verdict) == (reason, started, True, False, False)


def test_a_worker_that_waits_hours_for_its_broker_is_started_and_live() -> None:
    verdict = verdict_on(RUNNING, phase="connecting", consuming=False, loop_mono=NOW - 36_000)
    assert answers(verdict) == (WorkerReason.CONNECTING, True, True, False, False)


def test_a_consumer_whose_loop_has_not_turned_yet_is_still_connecting() -> None:
    assert verdict_on(RUNNING, loop_mono=None).reason is WorkerReason.CONNECTING


@pytest.mark.parametrize("phase", ["connecting", "consuming", "draining", "stopping"])
def test_a_live_process_that_writes_no_more_is_wedged_in_any_phase(phase: str) -> None:
    verdict = verdict_on(RUNNING, phase=phase, written_mono=NOW - 15.1, loop_mono=NOW - 15.1)
    assert answers(verdict) == (WorkerReason.WEDGED, True, False, False, False)


def test_a_process_frozen_while_it_loads_the_application_is_wedged_and_not_started() -> None:
    verdict = verdict_on(RUNNING, phase="starting", written_mono=NOW - 15.1)
    assert answers(verdict) == (WorkerReason.WEDGED, False, False, False, False)


@pytest.mark.parametrize("phase", ["consuming", "draining"])
def test_a_loop_that_stands_while_the_agent_still_writes_is_wedged(phase: str) -> None:
    verdict = verdict_on(RUNNING, phase=phase, loop_mono=NOW - 15.1)
    assert answers(verdict) == (WorkerReason.WEDGED, True, False, False, False)


def test_evidence_of_just_below_the_threshold_is_fresh() -> None:
    assert verdict_on(RUNNING, written_mono=NOW - 15, loop_mono=NOW - 15).reason is WorkerReason.CONSUMING


def test_a_solo_worker_inside_a_task_is_busy_however_long_its_loop_stands() -> None:
    verdict = verdict_on(RUNNING, pool_kind="solo", loop_mono=NOW - 7200)
    assert answers(verdict) == (WorkerReason.BUSY, True, True, True, True)
    assert "inside a task for 7200 s" in verdict.message


def test_a_solo_worker_without_a_task_has_no_excuse() -> None:
    assert (
        verdict_on(RUNNING, pool_kind="solo", active_count=0, loop_mono=NOW - 16).reason
        is WorkerReason.WEDGED
    )


def test_a_draining_solo_worker_inside_a_task_still_drains() -> None:
    verdict = verdict_on(RUNNING, pool_kind="solo", phase="draining", loop_mono=NOW - 60)
    assert answers(verdict) == (WorkerReason.DRAINING, True, True, True, False)


def test_an_ended_process_is_not_started_whatever_its_last_report_says() -> None:
    assert answers(verdict_on(ENDED)) == (WorkerReason.ENDED, False, True, False, False)


def test_the_report_of_a_former_process_makes_no_new_process_appear_started_or_wedged() -> None:
    fresh = verdict_on(RUNNING, waited=500, running_since=NOW - 0.1, written_mono=NOW - 0.2)
    stale = verdict_on(RUNNING, waited=500, running_since=NOW - 0.1, written_mono=NOW - 300)
    for verdict in (fresh, stale):
        assert answers(verdict) == (WorkerReason.STARTING, False, True, False, None)


@pytest.mark.parametrize("process", [UNSEEN, RUNNING])
def test_without_an_agent_a_worker_starts_after_a_grace_and_is_never_dead(process: ProcessState) -> None:
    assert answers(unreported(process, 59)) == (WorkerReason.STARTING, False, True, False, None)
    assert answers(unreported(process, 60)) == (WorkerReason.AGENT_ABSENT, True, True, True, None)


@pytest.mark.parametrize("process", [UNSEEN, RUNNING])
def test_a_worker_whose_report_is_unreadable_starts_after_a_grace_and_is_never_dead(
    process: ProcessState,
) -> None:
    error = "The worker report is not valid JSON."
    for waited, expected in (
        (59, (WorkerReason.STARTING, False, True, False, None)),
        (60, (WorkerReason.REPORT_UNREADABLE, True, True, True, None)),
    ):
        verdict = unreported(process, waited, error)
        assert (answers(verdict), verdict.message) == (expected, error)


def test_an_unreadable_report_of_a_process_that_has_ended_is_an_ended_worker() -> None:
    assert unreported(ENDED, 500, "The worker report is not valid JSON.").reason is WorkerReason.ENDED


def test_reports_that_stop_without_a_process_to_blame_are_an_ended_worker() -> None:
    assert answers(verdict_on(UNSEEN, written_mono=NOW - 60)) == (
        WorkerReason.ENDED,
        False,
        True,
        False,
        False,
    )


_AGE = st.floats(0, 100) | st.none()
_PROCESS = st.sampled_from(ProcessState)
_CONSUMING = st.sampled_from([True, None, False])


@st.composite
def _reports(draw: st.DrawFn) -> WorkerReport:
    loop_age = draw(_AGE)
    return structs.replace(
        worker_report(worker_document()),
        phase=draw(st.sampled_from(Phase)),
        written_mono=NOW - draw(st.floats(-5, 100)),
        loop_mono=None if loop_age is None else NOW - loop_age,
        consuming=draw(_CONSUMING),
        pool_kind=draw(st.sampled_from(["prefork", "threads", "solo", "gevent"])),
        active_count=draw(st.integers(0, 2)),
    )


def _passed(verdict: WorkerVerdict) -> tuple[bool, bool, bool]:
    return verdict.started, verdict.live, verdict.ready


def _at_most(worse: tuple[bool, bool, bool], better: tuple[bool, bool, bool]) -> bool:
    return all(low <= high for low, high in zip(worse, better, strict=True))


@given(report=_reports() | st.none(), process=_PROCESS, waited=st.floats(0, 200))
def test_a_worker_is_condemned_only_if_it_surely_runs_and_its_evidence_is_stale(
    report: WorkerReport | None, process: ProcessState, waited: float
) -> None:
    verdict = worker_verdict(report, process, NOW, observed_since=NOW - waited)
    if verdict.live:
        return
    assert process is RUNNING
    assert report is not None
    assert NOW - min(report.written_mono, report.loop_mono or NOW) > 15


@given(report=_reports() | st.none(), process=_PROCESS, waited=st.floats(0, 200))
def test_a_worker_is_never_said_to_consume_unless_its_report_says_so(
    report: WorkerReport | None, process: ProcessState, waited: float
) -> None:
    verdict = worker_verdict(report, process, NOW, observed_since=NOW - waited)
    if verdict.consuming:
        assert report is not None
        assert report.consuming
        assert process is not ENDED
        assert verdict.ready


@given(report=_reports(), process=_PROCESS, older=st.floats(0, 100))
def test_the_same_report_grown_older_never_passes_more_probes(
    report: WorkerReport, process: ProcessState, older: float
) -> None:
    now = worker_verdict(report, process, NOW, observed_since=0)
    later = worker_verdict(report, process, NOW + older, observed_since=0)
    assert _at_most(_passed(later), _passed(now))


@given(report=_reports(), process=_PROCESS)
def test_less_certain_consuming_never_passes_more_probes(report: WorkerReport, process: ProcessState) -> None:
    passed = [
        _passed(worker_verdict(structs.replace(report, consuming=consuming), process, NOW, observed_since=0))
        for consuming in (True, None, False)
    ]
    assert _at_most(passed[1], passed[0])
    assert _at_most(passed[2], passed[1])


@given(report=_reports())
def test_an_ended_process_is_never_more_ready_than_a_running_one(report: WorkerReport) -> None:
    ended = worker_verdict(report, ENDED, NOW, observed_since=0)
    assert not ended.ready
    assert not ended.started


@given(report=_reports() | st.none(), process=_PROCESS, waited=st.floats(0, 200))
def test_every_verdict_says_why_in_one_sentence(
    report: WorkerReport | None, process: ProcessState, waited: float
) -> None:
    message = worker_verdict(report, process, NOW, observed_since=NOW - waited).message
    assert message.endswith(".")
