"""The verdict on one worker from its own report: pure, the same for the sidecar, the operator and the CLI."""

from dataclasses import dataclass, replace

from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.answers import ProcessState
from celery_health.wire.worker_report import LoopWait, Phase, WorkerReport


@dataclass(frozen=True, slots=True)
class WorkerVerdict:
    """``started``, ``live`` and ``ready`` are the three probe answers; the message is one plain sentence."""

    reason: WorkerReason
    message: str
    started: bool
    live: bool
    ready: bool
    consuming: bool | None


@dataclass(frozen=True, slots=True)
class WorkerThresholds:
    """When old evidence counts against a worker, in seconds."""

    stale_after: float = 15.0
    """A report or a tick of the main loop older than this is stale. Both are renewed every second."""

    broker_grace: float = 15.0
    """A broker that has answered the observer for this long excuses no loop that still waits for it."""

    connection_grace: float = 150.0
    """The kernel gives up connecting after 127 s (Linux, tcp_syn_retries 6): so long a worker is let try."""

    agent_grace: float = 60.0
    """A worker that has sent no report for this long has no agent: it is judged without one."""

    pool_grace: float = 30.0
    """A pool in which no task has begun or ended for this long may be dead, if its children die as well."""

    deaf_grace: float = 10.0
    """A worker that has fetched nothing for this long, and for its jitter, is restarted."""

    deaf_patience: float = 300.0
    """For so long a deaf worker may finish the tasks that it runs."""

    silence: float = 20.0
    """A Redis that owes a worker an answer for longer than this, and than three pops, has lost it."""


DEFAULT_THRESHOLDS = WorkerThresholds()

_LOOP_PHASES = frozenset({Phase.CONSUMING, Phase.DRAINING})

_WAITS_FOR_BROKER = frozenset({LoopWait.BROKER, LoopWait.CONNECTION})

# Pools that run a task inside the main loop, which then rightly does not turn.
_POOLS_IN_THE_LOOP = frozenset({"solo"})

# Each slot's child has died so many times since a task last began or ended, and none has survived.
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

    ``observed_since``: when the observer began to look. ``running_since``: when the observer first saw the
    process that runs now, None if it ran already at the first look. A report from before that may be of a
    former process in the same container and counts for nothing. ``report_error``: why there is no report,
    where there is one that cannot be read. ``broker_reachable_for``: for how many
    seconds the broker has let the observer in without a break, None if it does not or nobody knows;
    ``broker_answers_for``: the same, but None for a broker that may let others in and keep this one waiting.
    ``jitter``: how much later than others this worker is restarted if it hears nothing of its broker.

    ``live`` is False only for a process that surely runs, and then only if its evidence is stale, if its
    pool's children keep dying, or if it has long fetched nothing from queues that it is to read while the
    broker answered this very observer all the time. It is never False because of the broker, a missing agent
    or a task that keeps a solo worker busy.
    """
    if report is not None and running_since is not None and report.written_mono < running_since:
        report = None
    if process is ProcessState.ENDED:
        return _down(WorkerReason.ENDED, "The worker process has ended.", started=False)
    if report is None:
        waited = now_mono - max(observed_since, running_since or 0.0)
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
    standing = _loop_age(report, now_mono)
    if standing is not None and standing > thresholds.stale_after:
        return _loop_stands(report, standing, around)
    return _in_the_loop(report, around) if report.phase in _LOOP_PHASES else _outside_the_loop(report.phase)


def _down(reason: WorkerReason, message: str, *, started: bool, live: bool = True) -> WorkerVerdict:
    """A verdict on a worker that takes no messages."""
    return WorkerVerdict(reason, message, started=started, live=live, ready=False, consuming=False)


def _without_report(
    process: ProcessState, waited: float, report_error: str, thresholds: WorkerThresholds
) -> WorkerVerdict:
    unreadable = f"The report of the worker's agent cannot be read. {report_error}" if report_error else ""
    if waited < thresholds.agent_grace:
        message = unreadable or "No report of the worker's agent has come yet."
        return WorkerVerdict(
            WorkerReason.STARTING, message, started=False, live=True, ready=False, consuming=None
        )
    message = unreadable or (
        "The worker runs, but its agent writes no report: look for its error in the worker's log."
        if process is ProcessState.RUNNING
        else "The worker has no agent: start it with `python /celery-probe -A APP worker` to have it judged."
    )
    return WorkerVerdict(
        WorkerReason.AGENT_ABSENT, message, started=True, live=True, ready=True, consuming=None
    )


def _silent(report: WorkerReport, process: ProcessState, age: float) -> WorkerVerdict:
    """Even the agent's own thread writes no more."""
    if process is not ProcessState.RUNNING:
        message = f"The last report is {age:.0f} s old and no worker process is known."
        return _down(WorkerReason.ENDED, message, started=False)
    message = f"The worker process lives, but has written no report for {age:.0f} s."
    return _down(WorkerReason.WEDGED, message, started=report.phase is not Phase.STARTING, live=False)


def _outside_the_loop(phase: Phase) -> WorkerVerdict:
    if phase is Phase.STARTING:
        return _down(WorkerReason.STARTING, "The worker is loading the application.", started=False)
    if phase is Phase.CONNECTING:
        # Started: a broker that is away when the worker starts must not count against the startup probe.
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
            f"The worker's connection is dead: its broker has owed it an answer for {silence:.0f} s, "
            "and answers others."
        )
        return _down(
            WorkerReason.DEAF, message, started=True, live=_stays_live(report, report.answered_mono, around)
        )
    message = (
        f"The worker consumes from {len(report.queues)} queues."
        if report.consuming
        else "The worker's main loop turns; its transport does not tell whether it fetches messages."
    )
    return _up(WorkerReason.CONSUMING, message, report.consuming)


# Ages below are those at the time of the report or of the loop's last turn, so that no old report condemns.


def _pool_death(report: WorkerReport, thresholds: WorkerThresholds) -> str:
    """Why the pool can run no task at all, as a sentence; empty if it can."""
    if report.pool_kind != "prefork" or not report.pool_size or report.progress_mono is None:
        return ""
    idle = report.written_mono - report.progress_mono
    if idle <= thresholds.pool_grace:
        return ""
    if report.pool_births >= _BIRTHS_PER_SLOT * report.pool_size:
        return (
            f"The pool's children die as fast as they are started: {report.pool_births} were, and no task "
            f"has begun or ended for {idle:.0f} s."
        )
    if report.pool_pids or report.pool_alive_mono is None:
        return ""
    alone = report.written_mono - report.pool_alive_mono
    return f"The pool has had no child for {alone:.0f} s." if alone > thresholds.pool_grace else ""


def _deaf(report: WorkerReport, around: _Surroundings) -> WorkerVerdict:
    if not report.queues:
        # Somebody told it so by remote control: a restart would undo what was wanted.
        return _down(WorkerReason.DEAF, "The worker was told to leave all its queues.", started=True)
    message = "The worker's main loop turns, but fetches no messages."
    live = not around.reached or _stays_live(report, report.fetched_mono, around)
    return _down(WorkerReason.DEAF, message, started=True, live=live)


def _silence(report: WorkerReport, thresholds: WorkerThresholds) -> float | None:
    """For how many seconds a Redis has owed an answer, if that is far too long."""
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
    """Whether a deaf worker is left alone yet. ``heard_mono``: when it last heard of its broker."""
    if not around.running or heard_mono is None or report.loop_mono is None:
        return True
    thresholds = around.thresholds
    deaf_for = report.loop_mono - heard_mono
    if report.active_count and deaf_for <= thresholds.deaf_patience:
        return True
    return deaf_for <= thresholds.deaf_grace + around.jitter


def _loop_stands(report: WorkerReport, age: float, around: _Surroundings) -> WorkerVerdict:
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
        # It tries again by itself: a restart would only be somewhat faster, and after every outage.
        patience, what = thresholds.connection_grace, "a connection to its broker"
    message = f"The worker has waited for {what} for {age:.0f} s."
    if not around.answering or age <= patience:
        return _down(WorkerReason.CONNECTING, message, started=True)
    # A lost network or a failover does this to a whole fleet at once, as deafness does.
    live = not around.running or age <= patience + around.jitter
    return _down(WorkerReason.WEDGED, f"{message[:-1]}, though the broker answers.", started=True, live=live)


def _draining(report: WorkerReport) -> WorkerVerdict:
    held = report.active_count + report.reserved + report.eta
    message = f"The worker takes no new messages and still holds {held} tasks."
    return _up(WorkerReason.DRAINING, message, consuming=False)


def _up(reason: WorkerReason, message: str, consuming: bool | None) -> WorkerVerdict:
    return WorkerVerdict(reason, message, started=True, live=True, ready=True, consuming=consuming)
