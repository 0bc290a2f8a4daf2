"""Records the children of a prefork pool that end by themselves, by hooks in billiard's pool.

Read in the sources of billiard 4.2.0 to 4.3.2 and of Celery 5.3 to 5.7. All names are read before the first
hook is set: a pool that lacks one of them stays as it is, and one error is counted. A hook that fails counts
an error, and Celery goes on as without it.
"""

from __future__ import annotations

import sys
from signal import SIGKILL, Signals
from typing import Any, Callable, Iterable

from celery_probe.agent import contract, natives
from celery_probe.agent.cgroup import MemoryCgroup
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker import pool, tasks
from celery_probe.agent.worker.death_log import Casualty, Cause
from celery_probe.agent.worker.deaths.casualties import casualty
from celery_probe.agent.worker.deaths.oom_kills import OomKills
from celery_probe.agent.worker.state import STOPPING, Worker, phase

# Of billiard.pool: the state of a pool that runs, a message with a result, and the exit status of a child
# that has done its share of tasks or has grown too large.
RUN = 0
READY = 1
RECYCLED = 155


class LostChildren:
    """Adds deaths to the log of one worker. All hooks run in the thread that runs the pool."""

    def __init__(
        self, worker: Worker, cgroup: MemoryCgroup, errors: ErrorLog, notify: Callable[[], None]
    ) -> None:
        self._worker = worker
        self._cgroup = cgroup
        self._errors = errors
        self._notify = notify
        self._oom_kills = OomKills()
        self._hooked: Any = None
        # Children whose end is recorded with a task, and those that a time limit ends.
        self._accounted: set[int] = set()

    def install(self, workers: Any) -> None:
        """Hook into Celery's pool, once; a pool without children is left alone. Raises what is missing."""
        billiard = getattr(workers, "_pool", None)
        if pool.kind(workers) != "prefork" or billiard is None or billiard is self._hooked:
            return
        handlers = billiard._result_handler.state_handlers
        timeouts = billiard._timeout_handler
        hooks = (
            self._on_lost(billiard, billiard.on_job_process_lost),
            self._on_exits(billiard, billiard._join_exited_workers),
            self._on_down(billiard.process_flush_queues, billiard.on_job_process_down),
            self._on_time_limit(timeouts._trywaitkill),
            self._on_result(billiard, handlers[READY]),
        )
        billiard.on_job_process_lost, billiard._join_exited_workers, billiard.on_job_process_down = hooks[:3]
        timeouts._trywaitkill, handlers[READY] = hooks[3:]
        self._hooked = billiard
        self._worker.deaths.start()

    def note_oom_kills(self) -> None:
        """Read the counter of killed processes, so that an old kill explains no later death."""
        self._oom_kills.note(self._cgroup.oom_kills(), natives.monotonic())

    def stats(self) -> dict[str, Any]:
        """The deaths, for the worker's answer to ``inspect stats``; empty where none can be recorded."""
        found: dict[str, Any] = {}
        with self._errors.caught("stats"):
            if self._hooked is not None:
                found[contract.DEATHS_STAT] = contract.bounded(self._stats(natives.monotonic()))
        return found

    def _stats(self, now: float) -> dict[str, Any]:
        return {
            "written_mono": now,
            "processed": tasks.processed(),
            "memory_limit_bytes": self._cgroup.limit_bytes(),
            "memory_peak_bytes": self._cgroup.peak_bytes(),
            **self._worker.deaths.report(now, tasks.runs),
        }

    def _on_lost(self, billiard: Any, original: Callable[..., Any]) -> Callable[..., Any]:
        """A child ended that had accepted a job and brought no result."""

        def on_job_process_lost(*args: Any, **options: Any) -> Any:
            with self._errors.caught("lost child"):
                self._note_lost(billiard, *args[:3])
            return original(*args, **options)

        return on_job_process_lost

    def _on_exits(self, billiard: Any, original: Callable[..., Any]) -> Callable[..., Any]:
        """The pool is about to wait for children that ended."""

        def join_exited_workers(*args: Any, **options: Any) -> Any:
            before = list(billiard._pool)
            joined = original(*args, **options)
            with self._errors.caught("lost child"):
                if len(billiard._pool) != len(before):
                    self._note_gone(billiard, before)
            return joined

        return join_exited_workers

    def _on_down(self, flush: Callable[[Any], Any], original: Callable[..., Any]) -> Callable[..., Any]:
        """A job was given to a child that has ended.

        The pool may notice that at the exit of another child. Celery then closes the pipe and gives the job
        to a third child, although the pipe may say that the job has begun: so it is read first.
        """

        def on_job_process_down(job: Any, *args: Any, **options: Any) -> Any:
            with self._errors.caught("lost child"):
                child = job._write_to
                if child is not None and not job.accepted() and not child._is_alive():
                    flush(child)
            return original(job, *args, **options)

        return on_job_process_down

    def _on_time_limit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A hard time limit ends a child: its job is over for the pool before that."""

        def try_wait_kill(child: Any, *args: Any, **options: Any) -> Any:
            with self._errors.caught("lost child"):
                self._accounted.add(child.pid)
            return original(child, *args, **options)

        return try_wait_kill

    def _on_result(self, billiard: Any, original: Callable[..., Any]) -> Callable[..., Any]:
        """A result came, for each task: since billiard 4.3 also of one that ended its child by SystemExit."""

        def on_ready(*args: Any) -> Any:
            try:
                if not args[2][0]:
                    self._note_result(billiard, args[0], args[2][1])
            except Exception as error:
                self._errors.add("lost child", error)
            return original(*args)

        return on_ready

    def _note_lost(self, billiard: Any, job: Any, pid: int, exitcode: int) -> None:
        # A pool with threads calls this again for a job until it gives the job up, 10 seconds later.
        if getattr(job, "_worker_lost", None) is None:
            self._accounted.add(pid)
            self._add(billiard, job, exitcode, returns=_returns)

    def _note_result(self, billiard: Any, number: Any, info: Any) -> None:
        error = getattr(info.exception, "exc", info.exception)
        job = billiard._cache.get(number)
        if job is None or not isinstance(error, (SystemExit, KeyboardInterrupt)):
            return
        (pid,) = job.worker_pids() or (0,)
        child = next((child for child in billiard._pool if child.pid == pid), None)
        if not getattr(child, "_job_terminated", False):
            self._accounted.add(pid)
            self._add(billiard, job, _status(error), returns=_returns_after_exit)

    def _note_gone(self, billiard: Any, before: Iterable[Any]) -> None:
        left = {child.pid for child in billiard._pool}
        for child in before:
            if child.pid not in left and child.pid not in self._accounted and _died(child):
                self._add(billiard, None, child.exitcode, returns=_returns)
        self._accounted &= left

    def _add(self, billiard: Any, job: Any, exitcode: int, *, returns: Callable[[Any], bool]) -> None:
        now = natives.monotonic()
        oom = exitcode == -SIGKILL and self._oom_kills.explains(self._cgroup.oom_kills(), now)
        if billiard._state != RUN or phase(self._worker, sys.modules.get("celery.worker.state")) == STOPPING:
            return
        request: Any = getattr(getattr(job, "_error_callback", None), "__self__", None)
        is_task = hasattr(request, "request_dict")
        task = self._casualty(job, request, now, returns=returns) if is_task else None
        self._worker.deaths.add(task, Cause(_cause(exitcode), oom), now)
        self._notify()

    def _casualty(self, job: Any, request: Any, now: float, *, returns: Callable[[Any], bool]) -> Casualty:
        started = job._time_accepted
        return casualty(
            self._worker,
            self._errors,
            request,
            ran_for=None if started is None else now - started,
            returns=returns(request),
            failed=not returns(request) and _returns(request),
        )


def _died(child: Any) -> bool:
    """Whether a child that ran no task ended by itself, and not well."""
    ordered = getattr(child, "_controlled_termination", False)
    return not ordered and child.exitcode not in (None, 0, RECYCLED)


def _cause(exitcode: int) -> str:
    if exitcode >= 0:
        return f"exit status {exitcode}"
    try:
        return f"signal {Signals(-exitcode).name}"
    except ValueError:
        return f"signal {-exitcode}"


def _status(error: BaseException) -> int:
    """The exit status for which a task asked."""
    code = getattr(error, "code", 1)
    if code is None:
        return 0
    return code & 0xFF if isinstance(code, int) else 1


def _returns(request: Any) -> bool:
    """Whether Celery sends the message of a task again whose child is lost."""
    task = request.task
    # Since Celery 5.7.
    if getattr(task, "retry_on_worker_lost", False):
        most, retries = task.max_retries, request.request_dict.get("retries") or 0
        return most is None or retries < most
    return bool(task.acks_late and task.reject_on_worker_lost and not request.acknowledged)


def _returns_after_exit(request: Any) -> bool:
    """The same for a task that raised SystemExit: before Celery 5.7 that is a failure like any other."""
    return hasattr(request, "_worker_lost_info") and _returns(request)
