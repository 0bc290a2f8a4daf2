"""The verdict on beat from the report of its agent, as the sidecar gives it.

Times that end in ``_mono`` are seconds of CLOCK_MONOTONIC, which all containers of a pod share.
"""

from dataclasses import dataclass

from celery_health.catalogue.beat import BeatReason
from celery_health.verdicts.process import Observed, Program, WithoutReport, fresh_report
from celery_health.verdicts.text import counted
from celery_health.wire.answers import ProcessState
from celery_health.wire.beat_report import BeatPhase, BeatReport, BeatWait

_BEAT = Program("beat", "beat", silent=BeatReason.STUCK.entry)


@dataclass(frozen=True, slots=True)
class BeatVerdict:
    """``started``, ``live`` and ``ready`` are the three probe answers; ``message`` is one sentence."""

    reason: BeatReason
    message: str
    started: bool
    live: bool
    ready: bool


@dataclass(frozen=True, slots=True)
class BeatSnapshot:
    """One beat pod as the operator sees it.

    ``ready`` is the pod's own readiness. ``reason``, ``message``, ``live`` and ``tick_age`` are what its
    sidecar says, None or empty while the sidecar does not answer. ``restart_hold_left``: for how
    many more seconds no verdict fails its liveness, None if it may. ``container_failure`` is why a container
    does not run, ``sidecar_error`` why there is no reading of its sidecar. ``overdue_for``: for how many
    seconds the pod should have ended, by the grace period of its deletion; 0 before that.
    """

    pod: str
    uid: str
    deleting: bool = False
    ready: bool = False
    reason: BeatReason | None = None
    message: str = ""
    live: bool | None = None
    tick_age: float | None = None
    report_present: bool = False
    restart_hold_left: float | None = None
    container_failure: str = ""
    sidecar_error: str = ""
    overdue_for: float = 0.0


@dataclass(frozen=True, slots=True)
class BeatThresholds:
    """From when on evidence counts against beat. All times are seconds."""

    stale_after: float = 15.0
    """A report older than this is stale. It is renewed every second."""

    tick_limit: float = 60.0
    """A tick that lasts longer, or that is late by more, is overdue."""

    broker_grace: float = 60.0
    """When the broker has answered the sidecar for this long, an overdue tick counts. Celery waits up to 30 s
    between two attempts to reconnect, and each may take 30 s more."""

    agent_grace: float = 60.0
    """A beat without a readable report for this long counts as started. It passes every probe."""


DEFAULT_BEAT_THRESHOLDS = BeatThresholds()


@dataclass(frozen=True, slots=True)
class BrokerCheck:
    """The result of the broker check of the sidecar in beat's pod.

    ``reachable`` is None where it is not known. ``answers_for``: for how many seconds the broker has answered
    every check, None where it does not, or where its answers prove nothing.
    """

    reachable: bool | None = None
    answers_for: float | None = None


UNKNOWN_BROKER = BrokerCheck()


def beat_verdict(
    report: BeatReport | None,
    process: ProcessState,
    now_mono: float,
    *,
    observed_since: float,
    running_since: float | None = None,
    report_error: str = "",
    broker: BrokerCheck = UNKNOWN_BROKER,
    thresholds: BeatThresholds = DEFAULT_BEAT_THRESHOLDS,
) -> BeatVerdict:
    """The verdict on one beat. All times are seconds of CLOCK_MONOTONIC.

    ``observed_since``: when the sidecar began to observe. ``running_since``: when it first saw the process
    that runs now, None if that was already running then. An older report may be of a former process, and is
    ignored. ``report_error``: why the report cannot be read, as a sentence; empty if it can, or if there is
    none.

    ``live`` is False only for a process that certainly runs and whose evidence is stale. It is never False
    because of the broker, the result backend, a missing agent, a report that cannot be read, or a scheduler
    whose ticks cannot be observed.
    """
    found = fresh_report(
        report,
        Observed(process, now_mono, observed_since, running_since, report_error),
        _BEAT,
        stale_after=thresholds.stale_after,
        agent_grace=thresholds.agent_grace,
        loading=report is not None and report.phase is BeatPhase.STARTING,
    )
    if isinstance(found, WithoutReport):
        reason = BeatReason.named(found.entry.word)
        return BeatVerdict(reason, found.message, found.started, found.live, found.ready)
    report = found
    late = _late(report, now_mono)
    if late is not None and late > thresholds.tick_limit:
        return _overdue(report, process, late, broker, thresholds)
    return _by_phase(report)


def _down(
    reason: BeatReason, case: str, *, started: bool = True, live: bool = True, **facts: str
) -> BeatVerdict:
    """A verdict on a beat that sends nothing."""
    message = _BEAT.says(reason.entry, case, **facts)
    return BeatVerdict(reason, message, started=started, live=live, ready=False)


def _up(reason: BeatReason, case: str, **facts: str) -> BeatVerdict:
    message = _BEAT.says(reason.entry, case, **facts)
    return BeatVerdict(reason, message, started=True, live=True, ready=True)


def _by_phase(report: BeatReport) -> BeatVerdict:
    if report.phase is BeatPhase.STOPPING:
        return _down(BeatReason.STOPPING, "stopping")
    return _starting(report) if report.phase is BeatPhase.STARTING else _ticking(report)


def _starting(report: BeatReport) -> BeatVerdict:
    if report.initialised_mono is None:
        return _down(BeatReason.STARTING, "loading", started=False)
    # Started: a scheduler that waits for its lock (RedBeat) must not fail the startup probe.
    return _down(BeatReason.WAITING_FOR_FIRST_TICK, "first_tick")


def _late(report: BeatReport, now_mono: float) -> float | None:
    """For how many seconds a tick has lasted, or the next one is late; None where no tick can be observed."""
    if report.phase is not BeatPhase.TICKING:
        return None
    if report.tick_began_mono is not None:
        return now_mono - report.tick_began_mono
    if report.tick_mono is None:
        return None
    return now_mono - report.tick_mono - max(0.0, report.due_in or 0.0)


def _overdue(
    report: BeatReport,
    process: ProcessState,
    late: float,
    broker: BrokerCheck,
    thresholds: BeatThresholds,
) -> BeatVerdict:
    age = f"{late:.0f}"
    if report.waits_for is BeatWait.RESULT_BACKEND:
        return _down(BeatReason.WAITING_FOR_RESULTS, "result_backend", age=age)
    if _broker_excuses(report, broker, thresholds):
        return _down(BeatReason.CONNECTING, "beat", age=age)
    case = "long_tick" if report.tick_began_mono is not None else "late_tick"
    if report.waits_for is BeatWait.BROKER:
        case = "broker"
    return _down(BeatReason.TICK_OVERDUE, case, live=process is not ProcessState.RUNNING, age=age)


def _broker_excuses(report: BeatReport, broker: BrokerCheck, thresholds: BeatThresholds) -> bool:
    """Without a broker beat can send nothing. When the broker is just back, beat may not have noticed yet."""
    if broker.reachable is False:
        return True
    if broker.answers_for is None:
        return report.waits_for is BeatWait.BROKER
    return broker.answers_for <= thresholds.broker_grace


def _ticking(report: BeatReport) -> BeatVerdict:
    if report.tick_mono is None and report.tick_began_mono is None:
        return _up(BeatReason.TICKS_UNKNOWN, "not_shown")
    return _up(BeatReason.TICKING, "ticking", tasks=counted(report.sent, "task"))
