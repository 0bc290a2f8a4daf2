"""The verdict on one worker from its own report, as the sidecar gives it."""

from dataclasses import dataclass, replace

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.process import Observed, Program, WithoutReport, fresh_report
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


_WORKER = Program("the worker", "worker", silent=WorkerReason.WEDGED.entry)

# Without a report nothing is known of what the worker does.
_SAYS_NOTHING = frozenset({WorkerReason.STARTING, WorkerReason.AGENT_ABSENT, WorkerReason.REPORT_UNREADABLE})

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
    found = fresh_report(
        report,
        Observed(process, now_mono, observed_since, running_since, report_error),
        _WORKER,
        stale_after=thresholds.stale_after,
        agent_grace=thresholds.agent_grace,
        loading=report is not None and report.phase is Phase.STARTING,
    )
    if isinstance(found, WithoutReport):
        return _of(found)
    report = found
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


def _of(found: WithoutReport) -> WorkerVerdict:
    reason = WorkerReason.named(found.entry.word)
    consuming = None if reason in _SAYS_NOTHING else False
    return WorkerVerdict(reason, found.message, found.started, found.live, found.ready, consuming)


def _down(
    reason: WorkerReason, case: str, *, started: bool = True, live: bool = True, **facts: str
) -> WorkerVerdict:
    """A verdict on a worker that does not consume."""
    message = _WORKER.says(reason.entry, case, **facts)
    return WorkerVerdict(reason, message, started=started, live=live, ready=False, consuming=False)


def _up(reason: WorkerReason, case: str, consuming: bool | None, **facts: str) -> WorkerVerdict:
    message = _WORKER.says(reason.entry, case, **facts)
    return WorkerVerdict(reason, message, started=True, live=True, ready=True, consuming=consuming)


def _outside_the_loop(phase: Phase) -> WorkerVerdict:
    if phase is Phase.STARTING:
        return _down(WorkerReason.STARTING, "loading", started=False)
    if phase is Phase.CONNECTING:
        # Started: a broker that is down when the worker starts must not fail the startup probe.
        return _down(WorkerReason.CONNECTING, "connecting")
    return _down(WorkerReason.STOPPING, "stopping")


def _loop_age(report: WorkerReport, now_mono: float) -> float | None:
    """For how many seconds the main loop has not turned; None where it need not turn."""
    if report.phase in _LOOP_PHASES:
        since = report.loop_mono
    else:
        since = report.loop_due_mono if report.phase is Phase.CONNECTING else None
    return None if since is None else max(0.0, now_mono - since)


def _in_the_loop(report: WorkerReport, around: _Surroundings) -> WorkerVerdict:
    if report.loop_mono is None:
        return _down(WorkerReason.CONNECTING, "no_turn")
    dead_pool = _dead_pool(report, around)
    if dead_pool:
        return dead_pool
    if report.phase is Phase.DRAINING:
        return _draining(report)
    if report.consuming is False:
        return _deaf(report, around)
    silence = _silence(report, around.thresholds)
    if silence is not None and around.answering:
        live = _stays_live(report, report.answered_mono, around)
        return _down(WorkerReason.DEAF, "silent_broker", live=live, age=_rounded(silence))
    case, queues = "consuming" if report.consuming else "not_shown", counted(len(report.queues), "queue")
    return _up(WorkerReason.CONSUMING, case, report.consuming, queues=queues)


# Ages below are those at the time of the report or of the loop's last turn: a late report makes none longer.


def _dead_pool(report: WorkerReport, around: _Surroundings) -> WorkerVerdict | None:
    """The verdict on a worker whose pool can run no task at all."""
    grace, live = around.thresholds.pool_grace, not around.running
    if report.pool_kind != "prefork" or not report.pool_size or report.progress_mono is None:
        return None
    idle = report.written_mono - report.progress_mono
    if idle <= grace:
        return None
    if report.pool_births >= _BIRTHS_PER_SLOT * report.pool_size:
        births = str(report.pool_births)
        return _down(WorkerReason.POOL_DEAD, "dying", live=live, births=births, age=_rounded(idle))
    if report.pool_pids or report.pool_alive_mono is None:
        return None
    alone = report.written_mono - report.pool_alive_mono
    if alone <= grace:
        return None
    return _down(WorkerReason.POOL_DEAD, "no_child", live=live, age=_rounded(alone))


def _deaf(report: WorkerReport, around: _Surroundings) -> WorkerVerdict:
    if not report.queues:
        # By remote control, on purpose: a restart would undo it.
        return _down(WorkerReason.DEAF, "no_queues")
    live = not around.reached or _stays_live(report, report.fetched_mono, around)
    return _down(WorkerReason.DEAF, "no_messages", live=live)


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


def _stays_live(report: WorkerReport, last_answer_mono: float | None, around: _Surroundings) -> bool:
    """Whether a deaf worker is not restarted yet. ``last_answer_mono``: when the broker last answered it."""
    if not around.running or last_answer_mono is None or report.loop_mono is None:
        return True
    thresholds = around.thresholds
    deaf_for = report.loop_mono - last_answer_mono
    if report.active_count and deaf_for <= thresholds.deaf_patience:
        return True
    return deaf_for <= thresholds.deaf_grace + around.jitter


def _loop_stopped(report: WorkerReport, age: float, around: _Surroundings) -> WorkerVerdict:
    full = report.loop_waits_for is LoopWait.SLOT
    if full or (report.pool_kind in _POOLS_IN_THE_LOOP and report.active_count > 0):
        if report.phase is Phase.DRAINING:
            return _draining(report)
        busy = _up(
            WorkerReason.BUSY,
            "slots" if full else "task",
            report.consuming,
            slots=counted(report.pool_size, "slot"),
            pool=report.pool_kind,
            age=_rounded(age),
        )
        return busy if report.consuming is not False else replace(busy, ready=False)
    if report.loop_waits_for in _WAITS_FOR_BROKER:
        return _waits_for_broker(report, age, around)
    return _down(WorkerReason.WEDGED, "loop", live=not around.running, age=_rounded(age))


def _waits_for_broker(report: WorkerReport, age: float, around: _Surroundings) -> WorkerVerdict:
    thresholds = around.thresholds
    patience, case = thresholds.stale_after, "broker"
    if report.loop_waits_for is LoopWait.CONNECTION:
        # The worker tries again by itself: a restart would hardly be faster, and would follow every outage.
        patience, case = thresholds.connection_grace, "connection"
    if not around.answering or age <= patience:
        return _down(WorkerReason.CONNECTING, case, age=_rounded(age))
    # A lost network or a failover does this to a whole fleet at once.
    live = not around.running or age <= patience + around.jitter
    return _down(WorkerReason.WEDGED, case, live=live, age=_rounded(age))


def _draining(report: WorkerReport) -> WorkerVerdict:
    tasks = counted(report.in_flight, "task")
    return _up(WorkerReason.DRAINING, "draining", consuming=False, tasks=tasks)


def _rounded(seconds: float) -> str:
    return f"{seconds:.0f}"
