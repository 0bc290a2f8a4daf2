"""The verdict on beat: a table of cases, and what holds whatever the evidence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from celery_health.catalogue.beat import BeatReason
from celery_health.verdicts.beat import (
    DEFAULT_BEAT_THRESHOLDS,
    UNKNOWN_BROKER,
    BeatVerdict,
    BrokerCheck,
    beat_verdict,
)
from celery_health.wire.answers import ProcessState
from celery_health.wire.beat_report import BeatReport
from tests.unit.wire.documents import beat_document, beat_report

NOW = 1000.0
RUNNING, ENDED, UNSEEN = ProcessState.RUNNING, ProcessState.ENDED, ProcessState.UNSEEN
AWAY = BrokerCheck(reachable=False)
ANSWERS = BrokerCheck(reachable=True, answers_for=500.0)
JUST_BACK = BrokerCheck(reachable=True, answers_for=59.0)
LONG_TICK: dict[str, Any] = {"tick_began_mono": NOW - 61}
LATE_TICK: dict[str, Any] = {"tick_mono": NOW - 71, "due_in": 10.0}


def verdict_on(
    process: ProcessState = RUNNING,
    *,
    broker: BrokerCheck = ANSWERS,
    waited: float = 500.0,
    running_since: float | None = None,
    **changes: object,
) -> BeatVerdict:
    return beat_verdict(
        beat_report(beat_document(**changes)),
        process,
        NOW,
        observed_since=NOW - waited,
        running_since=running_since,
        broker=broker,
    )


def unreported(process: ProcessState, waited: float, report_error: str = "") -> BeatVerdict:
    return beat_verdict(None, process, NOW, observed_since=NOW - waited, report_error=report_error)


def answers(verdict: BeatVerdict) -> tuple[BeatReason, bool, bool, bool]:
    return verdict.reason, verdict.started, verdict.live, verdict.ready


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tick_mono": NOW - 69, "due_in": 10.0},
        {"tick_mono": NOW - 300, "due_in": 299.0},
        {"tick_mono": NOW - 1, "due_in": None},
        {"tick_began_mono": NOW - 59},
        {"tick_began_mono": NOW, "tick_mono": None, "due_in": None},
    ],
)
def test_a_beat_that_ticks_when_it_is_due_passes_every_probe(changes: dict[str, Any]) -> None:
    assert answers(verdict_on(**changes)) == (BeatReason.TICKING, True, True, True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (LONG_TICK, "has not ended for 61 s"),
        (LATE_TICK, "overdue for 61 s"),
        ({"tick_mono": NOW - 61, "due_in": None}, "overdue for 61 s"),
        ({"tick_mono": NOW - 61, "due_in": -5.0}, "overdue for 61 s"),
        ({**LONG_TICK, "waits_for": "broker"}, "though the broker answers"),
    ],
)
def test_a_tick_that_does_not_end_or_does_not_come_restarts_beat(changes: dict[str, Any], words: str) -> None:
    verdict = verdict_on(**changes)
    assert answers(verdict) == (BeatReason.TICK_OVERDUE, True, False, False)
    assert words in verdict.message


@pytest.mark.parametrize("changes", [LONG_TICK, LATE_TICK])
@pytest.mark.parametrize("waits_for", ["", "broker"])
@pytest.mark.parametrize("broker", [AWAY, JUST_BACK], ids=["away", "just back"])
def test_a_broker_that_is_away_or_has_just_come_back_excuses_an_overdue_tick(
    changes: dict[str, Any], waits_for: str, broker: BrokerCheck
) -> None:
    verdict = verdict_on(broker=broker, **{**changes, "waits_for": waits_for})
    assert answers(verdict) == (BeatReason.CONNECTING, True, True, False)


def test_a_wait_for_a_broker_of_which_nothing_is_known_is_excused() -> None:
    verdict = verdict_on(broker=UNKNOWN_BROKER, **LONG_TICK, waits_for="broker")
    assert answers(verdict) == (BeatReason.CONNECTING, True, True, False)


def test_a_hang_elsewhere_is_not_excused_by_a_broker_of_which_nothing_is_known() -> None:
    assert verdict_on(broker=UNKNOWN_BROKER, **LONG_TICK).live is False


@pytest.mark.parametrize("broker", [ANSWERS, AWAY, UNKNOWN_BROKER], ids=["answers", "away", "unknown"])
def test_a_wait_for_the_result_backend_restarts_nothing(broker: BrokerCheck) -> None:
    verdict = verdict_on(broker=broker, **LONG_TICK, waits_for="result_backend")
    assert answers(verdict) == (BeatReason.WAITING_FOR_RESULTS, True, True, False)


def test_a_process_that_lives_and_writes_nothing_is_stuck_whatever_the_broker_does() -> None:
    assert answers(verdict_on(broker=AWAY, written_mono=NOW - 16)) == (BeatReason.STUCK, True, False, False)
    assert answers(verdict_on(phase="starting", written_mono=NOW - 16)) == (
        BeatReason.STUCK,
        False,
        False,
        False,
    )
    assert verdict_on(written_mono=NOW - 15).reason is BeatReason.TICKING


@pytest.mark.parametrize("process", [UNSEEN, ENDED])
def test_a_process_that_is_not_known_to_run_is_never_restarted(process: ProcessState) -> None:
    assert answers(verdict_on(process, written_mono=NOW - 16)) == (BeatReason.ENDED, False, True, False)
    assert verdict_on(process, **LONG_TICK).live


def test_before_its_first_tick_beat_is_started_as_soon_as_its_scheduler_is_there() -> None:
    first: dict[str, Any] = {"phase": "starting", "tick_mono": None, "due_in": None}
    loading = verdict_on(**first, initialised_mono=None)
    assert answers(loading) == (BeatReason.STARTING, False, True, False)
    locked = verdict_on(**first, initialised_mono=NOW - 3000)
    assert answers(locked) == (BeatReason.WAITING_FOR_FIRST_TICK, True, True, False)


def test_a_beat_that_stops_is_live_however_old_its_last_tick() -> None:
    assert answers(verdict_on(phase="stopping", **LATE_TICK)) == (BeatReason.STOPPING, True, True, False)


def test_a_scheduler_whose_ticks_cannot_be_seen_is_believed() -> None:
    verdict = verdict_on(tick_mono=None, due_in=None)
    assert answers(verdict) == (BeatReason.TICKS_UNKNOWN, True, True, True)


def test_without_a_report_beat_is_starting_for_a_while_and_then_believed() -> None:
    assert answers(unreported(RUNNING, 59)) == (BeatReason.STARTING, False, True, False)
    assert answers(unreported(RUNNING, 61)) == (BeatReason.AGENT_ABSENT, True, True, True)
    assert "Beat's log" in unreported(RUNNING, 61).message
    assert "python /celery-probe -A APP beat" in unreported(UNSEEN, 61).message


@pytest.mark.parametrize("process", [UNSEEN, RUNNING])
def test_a_beat_whose_report_is_unreadable_starts_after_a_grace_and_is_never_dead(
    process: ProcessState,
) -> None:
    error = "The beat report is not valid JSON."
    for waited, expected in (
        (59, (BeatReason.STARTING, False, True, False)),
        (61, (BeatReason.REPORT_UNREADABLE, True, True, True)),
    ):
        verdict = unreported(process, waited, error)
        assert (answers(verdict), verdict.message) == (expected, error)


def test_a_report_of_the_former_process_counts_for_nothing() -> None:
    verdict = verdict_on(running_since=NOW - 1, written_mono=NOW - 2)
    assert answers(verdict) == (BeatReason.STARTING, False, True, False)


reports: st.SearchStrategy[BeatReport] = st.builds(
    lambda changes: beat_report(beat_document(**changes)),
    st.fixed_dictionaries(
        {},
        optional={
            "phase": st.sampled_from(["starting", "ticking", "stopping"]),
            "written_mono": st.floats(0, NOW),
            "initialised_mono": st.none() | st.floats(0, NOW),
            "tick_began_mono": st.none() | st.floats(0, NOW),
            "tick_mono": st.none() | st.floats(0, NOW),
            "due_in": st.none() | st.floats(-10, 1000),
            "waits_for": st.sampled_from(["", "broker", "result_backend", "something new"]),
        },
    ),
)
processes = st.sampled_from(list(ProcessState))


@given(st.none() | reports, processes, st.none() | st.floats(0, NOW))
def test_a_broker_that_is_away_fails_liveness_of_no_beat_that_still_reports(
    report: BeatReport | None, process: ProcessState, running_since: float | None
) -> None:
    verdict = beat_verdict(report, process, NOW, observed_since=0.0, running_since=running_since, broker=AWAY)
    assert verdict.live or verdict.reason is BeatReason.STUCK


@given(reports, processes, st.sampled_from([AWAY, ANSWERS, JUST_BACK, UNKNOWN_BROKER]))
def test_a_failed_liveness_is_that_of_a_process_that_surely_runs(
    report: BeatReport, process: ProcessState, broker: BrokerCheck
) -> None:
    verdict = beat_verdict(report, process, NOW, observed_since=0.0, broker=broker)
    assert verdict.live or process is RUNNING
    assert not verdict.ready or (verdict.live and verdict.started)


@given(reports, st.floats(0, 1000))
def test_older_evidence_never_gives_a_better_verdict(report: BeatReport, older: float) -> None:
    def ready(one: BeatReport) -> bool:
        return beat_verdict(one, RUNNING, NOW, observed_since=0.0, broker=ANSWERS).ready

    aged = structs.replace(
        report,
        written_mono=report.written_mono - older,
        tick_mono=None if report.tick_mono is None else report.tick_mono - older,
    )
    assert ready(report) or not ready(aged)


def test_the_limits_leave_celery_time_to_reconnect() -> None:
    # Celery waits 30 s between two attempts at most, and beat gives a socket 30 s.
    assert DEFAULT_BEAT_THRESHOLDS.broker_grace >= 30 + 30
