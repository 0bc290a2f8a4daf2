"""The verdict on one worker from its own report: pure, the same for the sidecar, the operator and the CLI."""

from dataclasses import dataclass, replace
from enum import StrEnum

from celery_health.report import LoopWait, Phase, WorkerReport


class ProcessState(StrEnum):
    """What the sidecar knows of the worker process itself, from the lock that the process holds."""

    UNSEEN = "unseen"
    RUNNING = "running"
    ENDED = "ended"


class WorkerReason(StrEnum):
    """Why a worker is judged as it is: the ``reason`` of every probe answer. docs/verdicts.md lists them."""

    CONSUMING = "Consuming"
    DRAINING = "Draining"
    BUSY = "Busy"
    STARTING = "Starting"
    CONNECTING = "Connecting"
    STOPPING = "Stopping"
    ENDED = "Ended"
    AGENT_ABSENT = "AgentAbsent"
    WEDGED = "Wedged"
    DEAF = "Deaf"
    POOL_DEAD = "PoolDead"


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

    agent_grace: float = 60.0
    """A worker that has sent no report for this long has no agent: it is judged without one."""


DEFAULT_THRESHOLDS = WorkerThresholds()

_LOOP_PHASES = frozenset({Phase.CONSUMING, Phase.DRAINING})

# Pools that run a task inside the main loop, which then rightly does not turn.
_POOLS_IN_THE_LOOP = frozenset({"solo"})


def judge_worker(
    report: WorkerReport | None,
    process: ProcessState,
    now_mono: float,
    *,
    observed_since: float,
    running_since: float | None = None,
    broker_answers_for: float | None = None,
    thresholds: WorkerThresholds = DEFAULT_THRESHOLDS,
) -> WorkerVerdict:
    """The verdict on one worker. All times are seconds of CLOCK_MONOTONIC.

    ``observed_since``: when the observer began to look. ``running_since``: when the observer first saw the
    process that runs now, None if it ran already at the first look. A report from before that may be of a
    former process in the same container and counts for nothing. ``broker_answers_for``: for how many seconds
    the broker has answered the observer without a break, None if it does not or nobody knows.

    ``live`` is False only for a process that surely runs and whose evidence is stale: never because of the
    broker, a missing agent or a task that keeps a solo worker busy.
    """
    if report is not None and running_since is not None and report.written_mono < running_since:
        report = None
    if process is ProcessState.ENDED:
        return _down(WorkerReason.ENDED, "The worker process has ended.", started=False)
    if report is None:
        return _without_report(process, now_mono - max(observed_since, running_since or 0.0), thresholds)
    age = max(0.0, now_mono - report.written_mono)
    if age > thresholds.stale_after:
        return _silent(report, process, age)
    standing = _loop_age(report, now_mono)
    if standing is not None and standing > thresholds.stale_after:
        answering = broker_answers_for is not None and broker_answers_for > thresholds.broker_grace
        return _loop_stands(report, process, standing, answering=answering)
    return _in_the_loop(report) if report.phase in _LOOP_PHASES else _outside_the_loop(report.phase)


def _down(reason: WorkerReason, message: str, *, started: bool, live: bool = True) -> WorkerVerdict:
    """A verdict on a worker that takes no messages."""
    return WorkerVerdict(reason, message, started=started, live=live, ready=False, consuming=False)


def _without_report(process: ProcessState, waited: float, thresholds: WorkerThresholds) -> WorkerVerdict:
    if waited < thresholds.agent_grace:
        message = "No report of the worker's agent has come yet."
        return WorkerVerdict(
            WorkerReason.STARTING, message, started=False, live=True, ready=False, consuming=None
        )
    message = (
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


def _in_the_loop(report: WorkerReport) -> WorkerVerdict:
    if report.loop_mono is None:
        return _down(WorkerReason.CONNECTING, "The worker's main loop has not turned yet.", started=True)
    if report.phase is Phase.DRAINING:
        return _draining(report)
    if report.consuming is False:
        message = "The worker's main loop turns, but fetches no messages."
        return _down(WorkerReason.DEAF, message, started=True)
    message = (
        f"The worker consumes from {len(report.queues)} queues."
        if report.consuming
        else "The worker's main loop turns; its transport does not tell whether it fetches messages."
    )
    return _up(WorkerReason.CONSUMING, message, report.consuming)


def _loop_stands(
    report: WorkerReport, process: ProcessState, age: float, *, answering: bool
) -> WorkerVerdict:
    """``answering``: the broker has answered others for long enough to have answered this worker as well."""
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
    message = f"The worker's main loop has not turned for {age:.0f} s."
    if report.loop_waits_for is LoopWait.BROKER:
        message = f"The worker has waited for an answer of its broker for {age:.0f} s."
        if not answering:
            return _down(WorkerReason.CONNECTING, message, started=True)
        message = f"{message[:-1]}, though the broker answers."
    live = process is not ProcessState.RUNNING
    return _down(WorkerReason.WEDGED, message, started=True, live=live)


def _draining(report: WorkerReport) -> WorkerVerdict:
    held = report.active_count + report.reserved + report.eta_held
    message = f"The worker takes no new messages and still holds {held} tasks."
    return _up(WorkerReason.DRAINING, message, consuming=False)


def _up(reason: WorkerReason, message: str, consuming: bool | None) -> WorkerVerdict:
    return WorkerVerdict(reason, message, started=True, live=True, ready=True, consuming=consuming)
