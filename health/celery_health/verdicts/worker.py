"""The verdict on one worker from its own report, as the sidecar gives it."""

from dataclasses import dataclass, replace

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.current_report import current_report, waited_for
from celery_health.verdicts.text import counted
from celery_health.verdicts.thresholds import DEFAULT_THRESHOLDS, WorkerThresholds
from celery_health.wire.answers import ProcessState
from celery_health.wire.worker_report import LoopWait, Phase, WorkerReport


@dataclass(frozen=True, slots=True)
class WorkerVerdict:
    """``started``, ``live`` and ``ready`` are the three probe answers; ``message`` is one sentence."""

    reason: WorkerReason
    message: str
    started: bool
    live: bool
    ready: bool
    consuming: bool | None


_LOOP_PHASES = frozenset({Phase.CONSUMING, Phase.DRAINING})

_WAITS_FOR_BROKER = frozenset({LoopWait.BROKER, LoopWait.CONNECTION})

# Pools that run a task inside the main loop, which cannot turn meanwhile.
_POOLS_IN_THE_LOOP = frozenset({"solo"})

# How many children of each slot have died since a task last began or ended, while none survived.
_BIRTHS_PER_SLOT = 3


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is known besides the report. The broker was ``reached``, or was ``answering``, for its grace."""

    running: bool
    reached: bool
    answering: bool
    jitter: float
    thresholds: WorkerThresholds


def worker_verdict(
    report: WorkerReport | None,
    process: ProcessState,
    now_mono: float,
    *,
    observed_since: float,
    running_since: float | None = None,
    report_error: str = "",
    broker_answers_for: float | None = None,
    broker_reachable_for: float | None = None,
    jitter: float = 0.0,
    thresholds: WorkerThresholds = DEFAULT_THRESHOLDS,
) -> WorkerVerdict:
    """The verdict on one worker. All times are seconds of CLOCK_MONOTONIC.

    ``observed_since``: when the sidecar began to observe. ``running_since``: when the sidecar first saw the
    process that runs now, None if it was already running then. An older report may be of a former process in
    the same container, and is ignored. ``report_error``: why the report cannot be read, as a sentence; empty
    if it can, or if there is none.
    ``broker_reachable_for``: for how many seconds the broker has let the sidecar log in without a break, None
    if it does not or the sidecar does not know. ``broker_answers_for``: the same, but None for a broker that
    may accept the sidecar and still not answer the worker. ``jitter``: how much later than others this worker
    is restarted if it has lost its broker.

    ``live`` is False only for a process that certainly runs, and only for three reasons: its evidence is
    stale, its pool's children keep dying, or it has fetched nothing for a long time while the broker answered
    the sidecar. It is never False because of the broker, a missing agent, a report that cannot be read, or a
    task in a solo worker.
    """
    report = current_report(report, running_since)
    if process is ProcessState.ENDED:
        return _down(WorkerReason.ENDED, "The worker process has ended.", started=False)
    if report is None:
        waited = waited_for(now_mono, observed_since, running_since)
        return _without_report(process, waited, report_error, thresholds)
    age = max(0.0, now_mono - report.written_mono)
    if age > thresholds.stale_after:
        return _silent(report, process, age)
    around = _Surroundings(
        running=process is ProcessState.RUNNING,
        reached=(broker_reachable_for or 0.0) > thresholds.broker_grace,
        answering=(broker_answers_for or 0.0) > thresholds.broker_grace,
        jitter=jitter,
        thresholds=thresholds,
    )
    loop_age = _loop_age(report, now_mono)
    if loop_age is not None and loop_age > thresholds.stale_after:
        return _loop_stopped(report, loop_age, around)
    return _in_the_loop(report, around) if report.phase in _LOOP_PHASES else _outside_the_loop(report.phase)


def _down(reason: WorkerReason, message: str, *, started: bool, live: bool = True) -> WorkerVerdict:
    """A verdict on a worker that does not consume."""
    return WorkerVerdict(reason, message, started=started, live=live, ready=False, consuming=False)


def _without_report(
    process: ProcessState, waited: float, report_error: str, thresholds: WorkerThresholds
) -> WorkerVerdict:
    if waited < thresholds.agent_grace:
        message = report_error or "The worker's agent has not reported yet."
        return WorkerVerdict(
            WorkerReason.STARTING, message, started=False, live=True, ready=False, consuming=None
        )
    if report_error:
        return _up(WorkerReason.REPORT_UNREADABLE, report_error, consuming=None)
    message = (
        "The worker is running, but its agent writes no report. The worker's log has the error."
        if process is ProcessState.RUNNING
        else "The worker has no agent: start it with `python /celery-probe -A APP worker`."
    )
    return _up(WorkerReason.AGENT_ABSENT, message, consuming=None)


def _silent(report: WorkerReport, process: ProcessState, age: float) -> WorkerVerdict:
    """Even the agent's own thread no longer writes."""
    if process is not ProcessState.RUNNING:
        message = f"The last report is {age:.0f} s old, and no worker process is known."
        return _down(WorkerReason.ENDED, message, started=False)
    message = f"The worker process exists, but has written no report for {age:.0f} s."
    return _down(WorkerReason.WEDGED, message, started=report.phase is not Phase.STARTING, live=False)


def _outside_the_loop(phase: Phase) -> WorkerVerdict:
    if phase is Phase.STARTING:
        return _down(WorkerReason.STARTING, "The worker is loading the application.", started=False)
    if phase is Phase.CONNECTING:
        # Started: a broker that is down when the worker starts must not fail the startup probe.
        return _down(WorkerReason.CONNECTING, "The worker is connecting to its broker.", started=True)
    return _down(WorkerReason.STOPPING, "The worker is stopping.", started=True)


def _loop_age(report: WorkerReport, now_mono: float) -> float | None:
    """For how many seconds the main loop has not turned; None where it need not turn."""
    if report.phase in _LOOP_PHASES:
        since = report.loop_mono
    else:
        since = report.loop_due_mono if report.phase is Phase.CONNECTING else None
    return None if since is None else max(0.0, now_mono - since)


def _in_the_loop(report: WorkerReport, around: _Surroundings) -> WorkerVerdict:
    if report.loop_mono is None:
        return _down(WorkerReason.CONNECTING, "The worker's main loop has not turned yet.", started=True)
    dying = _pool_death(report, around.thresholds)
    if dying:
        return _down(WorkerReason.POOL_DEAD, dying, started=True, live=not around.running)
    if report.phase is Phase.DRAINING:
        return _draining(report)
    if report.consuming is False:
        return _deaf(report, around)
    silence = _silence(report, around.thresholds)
    if silence is not None and around.answering:
        message = (
            f"The worker's connection is dead: the broker has owed it an answer for {silence:.0f} s, and "
            "answers the sidecar."
        )
        return _down(
            WorkerReason.DEAF, message, started=True, live=_stays_live(report, report.answered_mono, around)
        )
    message = (
        f"The worker consumes from {counted(len(report.queues), 'queue')}."
        if report.consuming
        else "The worker's main loop turns. Its transport does not show whether it fetches messages."
    )
    return _up(WorkerReason.CONSUMING, message, report.consuming)


# Ages below are those at the time of the report or of the loop's last turn: a late report makes none longer.


def _pool_death(report: WorkerReport, thresholds: WorkerThresholds) -> str:
    """Why the pool can run no task at all, as a sentence; empty if it can."""
    if report.pool_kind != "prefork" or not report.pool_size or report.progress_mono is None:
        return ""
    idle = report.written_mono - report.progress_mono
    if idle <= thresholds.pool_grace:
        return ""
    if report.pool_births >= _BIRTHS_PER_SLOT * report.pool_size:
        return (
            f"The pool's children die as fast as they are started: {report.pool_births} were started, and no "
            f"task has begun or ended for {idle:.0f} s."
        )
    if report.pool_pids or report.pool_alive_mono is None:
        return ""
    alone = report.written_mono - report.pool_alive_mono
    return f"The pool has had no child for {alone:.0f} s." if alone > thresholds.pool_grace else ""


def _deaf(report: WorkerReport, around: _Surroundings) -> WorkerVerdict:
    if not report.queues:
        # By remote control, on purpose: a restart would undo it.
        return _down(
            WorkerReason.DEAF, "The worker has left all its queues, by remote control.", started=True
        )
    message = "The worker's main loop turns, but the worker fetches no messages."
    live = not around.reached or _stays_live(report, report.fetched_mono, around)
    return _down(WorkerReason.DEAF, message, started=True, live=live)


def _silence(report: WorkerReport, thresholds: WorkerThresholds) -> float | None:
    """For how many seconds Redis has owed an answer, if that is too long."""
    evidence = report.transport
    if evidence.kind != "redis" or not (evidence.polling and evidence.can_consume):
        return None
    if report.answered_mono is None or report.loop_mono is None:
        return None
    silence = report.loop_mono - report.answered_mono
    return silence if silence > _silence_limit(report, thresholds) else None


def _silence_limit(report: WorkerReport, thresholds: WorkerThresholds) -> float:
    return max(thresholds.silence, 3 * (report.transport.pop_timeout or 0.0))


def _stays_live(report: WorkerReport, heard_mono: float | None, around: _Surroundings) -> bool:
    """Whether a deaf worker is not restarted yet. ``heard_mono``: when the broker last answered it."""
    if not around.running or heard_mono is None or report.loop_mono is None:
        return True
    thresholds = around.thresholds
    deaf_for = report.loop_mono - heard_mono
    if report.active_count and deaf_for <= thresholds.deaf_patience:
        return True
    return deaf_for <= thresholds.deaf_grace + around.jitter


def _loop_stopped(report: WorkerReport, age: float, around: _Surroundings) -> WorkerVerdict:
    full = report.loop_waits_for is LoopWait.SLOT
    if full or (report.pool_kind in _POOLS_IN_THE_LOOP and report.active_count > 0):
        if report.phase is Phase.DRAINING:
            return _draining(report)
        message = (
            f"All {report.pool_size} slots of the {report.pool_kind} worker have been busy for {age:.0f} s."
            if full
            else f"The {report.pool_kind} worker has been inside a task for {age:.0f} s."
        )
        busy = _up(WorkerReason.BUSY, message, report.consuming)
        return busy if report.consuming is not False else replace(busy, ready=False)
    if report.loop_waits_for in _WAITS_FOR_BROKER:
        return _waits_for_broker(report, age, around)
    message = f"The worker's main loop has not turned for {age:.0f} s."
    return _down(WorkerReason.WEDGED, message, started=True, live=not around.running)


def _waits_for_broker(report: WorkerReport, age: float, around: _Surroundings) -> WorkerVerdict:
    thresholds = around.thresholds
    patience, what = thresholds.stale_after, "an answer of its broker"
    if report.loop_waits_for is LoopWait.CONNECTION:
        # The worker tries again by itself: a restart would hardly be faster, and would follow every outage.
        patience, what = thresholds.connection_grace, "a connection to its broker"
    message = f"The worker has waited for {what} for {age:.0f} s."
    if not around.answering or age <= patience:
        return _down(WorkerReason.CONNECTING, message, started=True)
    # A lost network or a failover does this to a whole fleet at once.
    live = not around.running or age <= patience + around.jitter
    return _down(WorkerReason.WEDGED, f"{message[:-1]}, though the broker answers.", started=True, live=live)


def _draining(report: WorkerReport) -> WorkerVerdict:
    in_flight = report.active_count + report.reserved + report.eta
    message = f"The worker fetches no messages and has {counted(in_flight, 'task')} in flight."
    return _up(WorkerReason.DRAINING, message, consuming=False)


def _up(reason: WorkerReason, message: str, consuming: bool | None) -> WorkerVerdict:
    return WorkerVerdict(reason, message, started=True, live=True, ready=True, consuming=consuming)
