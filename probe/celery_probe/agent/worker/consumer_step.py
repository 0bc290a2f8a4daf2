"""The bootstep of the consumer: each second it reads the transport, from inside the consumer's own loop.

A step of the worker would not do: its timers die at the first reconnect, when Celery clears the event loop.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from celery import bootsteps

from celery_probe.agent import natives, stack
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.report_thread import ReportThread
from celery_probe.agent.worker import failed_jobs, fetching, give_back, pool, tasks, transport
from celery_probe.agent.worker.answer_watch import AnswerWatch
from celery_probe.agent.worker.death_log import Casualty, Cause
from celery_probe.agent.worker.deaths.lost_children import LostChildren
from celery_probe.agent.worker.deaths.memory_errors import MemoryErrors
from celery_probe.agent.worker.quarantine.enforcement import Quarantine
from celery_probe.agent.worker.quarantine.order_file import OrderFile
from celery_probe.agent.worker.state import Worker
from celery_probe.agent.worker.stop_request import StopRequest
from celery_probe.agent.worker.task_events import TaskEvents

HEARTBEAT_SECONDS = 1.0
FIRST_HEARTBEAT_SECONDS = 0.05
# A drain ends with the answer to the outstanding pop, and is to be reported at once.
EARLY_HEARTBEAT_SECONDS = 0.1
# Between two blocking pops none is outstanding: only this many seconds without a pop or a task mean anything.
UNSEEN_SECONDS = 5.0
# kombu's pop is answered after 1 s where polling_interval is not set. The hook waits 3 s for all messages to
# go back.
LAST_POP_SECONDS = 1.2


class Heartbeat:
    """Reads one consumer from its loop, and stops or resumes its fetching as the drain file requests."""

    def __init__(
        self,
        worker: Worker,
        directory: ReportDirectory,
        errors: ErrorLog,
        reporter: ReportThread,
        lost_children: LostChildren,
    ) -> None:
        self._worker = worker
        self._directory = directory
        self._errors = errors
        self._reporter = reporter
        self._lost_children = lost_children
        self._memory_errors = MemoryErrors(worker, errors, self._note_end)
        self._stop_request = StopRequest(directory)
        self._quarantine = Quarantine(
            worker, OrderFile(directory), errors, stops=self._stop_request.is_in_force
        )
        self._task_events = TaskEvents(worker, directory)
        self._reader = transport.TransportReader(errors)
        self._answers = AnswerWatch(UNSEEN_SECONDS)
        self._processed = 0
        self._timers: list[Any] = []
        self._early: Any = None
        self._pending = False
        self._give_back_due: float | None = None
        self._watches_tasks = False
        self._was_draining = False

    def start(self, consumer: Any) -> None:
        """Begin with a consumer that has just connected and fetches nothing yet."""
        self._worker.consumer = consumer
        self._worker.consumer_starts += 1
        self._note_place(consumer)
        self._worker.loop_due_mono = natives.monotonic()
        self._pending = False
        self._early = None
        self._worker.fetched_mono = natives.monotonic()
        with self._errors.caught("lost children"):
            self._lost_children.install(consumer.pool)
        with self._errors.caught("memory errors"):
            self._memory_errors.install(consumer.pool)
        if not self._watches_tasks:
            self._watches_tasks = True
            with self._errors.caught("starts"):
                tasks.watch_starts(self._reporter.notify_soon)
            with self._errors.caught("failed jobs"):
                failed_jobs.end_failed_jobs(consumer.pool)
        with self._errors.caught("task events"):
            self._task_events.start(consumer)
        with self._errors.caught("drain"):
            if self._is_to_drain():
                fetching.stop(consumer.task_consumer)
        with self._errors.caught("quarantine"):
            self._quarantine.start(consumer, lambda: self._schedule_early(consumer))
        timer = consumer.timer
        self._timers = [
            timer.call_after(FIRST_HEARTBEAT_SECONDS, self._schedule, (consumer,)),
            timer.call_repeatedly(HEARTBEAT_SECONDS, self._schedule, (consumer,)),
        ]

    def stop(self, consumer: Any) -> None:
        """The connection is lost or the worker stops."""
        self._worker.connected = False
        self._worker.fetching = False
        self._worker.loop_due_mono = None
        self._quarantine.stop()
        timers, self._timers = [*self._timers, self._early], []
        self._early = None
        # A greenlet that has ended is false.
        for entry in (timer for timer in timers if timer is not None):
            with self._errors.caught("timer"):
                tasks.cancel(consumer.timer, entry)
        self._reporter.notify()

    def stats(self) -> dict[str, Any]:
        """What the worker adds to its answer to ``inspect stats``.

        Of the quarantine only its queue: the order has neither names of tasks nor times.
        """
        found = self._lost_children.stats()
        if queue := self._quarantine.queue:
            found.update(self._worker.quarantine_stats(queue, []))
        return found

    def _note_end(self, task: Casualty, cause: Cause, _: float) -> None:
        """A task ends the whole worker. The report has it while Celery stops, and to the last one."""
        self._worker.ended_by = {
            "id": task.id,
            "name": task.name,
            "ran_for": task.ran_for,
            "cause": cause.text,
            "returns": task.returns,
        }
        self._reporter.notify()

    def _note_place(self, consumer: Any) -> None:
        """Note whose stack shows what the loop waits for: a consumer starts in the thread of its loop."""
        self._worker.loop_thread = natives.get_ident()
        self._worker.loop_greenlet = None if consumer.hub else stack.current_greenlet()

    def _schedule(self, consumer: Any) -> None:
        """Have the consumer's loop make a heartbeat.

        The event loop runs its timers itself. Without one (gevent, eventlet) a timer proves nothing about the
        loop, and only the loop may use the broker's connection: the loop itself has to make the heartbeat.
        """
        with self._errors.caught("quarantine list"):
            self._quarantine.read()
        with self._errors.caught("give back"):
            if self._directory.is_give_back_requested():
                self._give_back_once_quiet(consumer)
        if consumer.hub is not None:
            self._heartbeat(consumer)
            return
        with self._errors.caught("poll"):
            if transport.is_polling(consumer):
                self._worker.fetched_mono = natives.monotonic()
        if not self._pending:
            self._pending = True
            consumer.call_soon(self._heartbeat, consumer)

    def _schedule_early(self, consumer: Any) -> None:
        """Have the next heartbeat soon."""
        if self._early is None:
            self._early = consumer.timer.call_after(
                EARLY_HEARTBEAT_SECONDS, self._on_early_timer, (consumer,)
            )

    def _on_early_timer(self, consumer: Any) -> None:
        self._early = None
        self._schedule(consumer)

    def _heartbeat(self, consumer: Any) -> None:
        self._pending = False
        if consumer.task_consumer is None or consumer.connection is None:
            return
        with self._errors.caught("heartbeat"):
            self._read(consumer)
        with self._errors.caught("quarantine"):
            self._quarantine.enforce(consumer)
        with self._errors.caught("task events"):
            self._task_events.apply(consumer)
        with self._errors.caught("memory"):
            self._lost_children.note_oom_kills()

    def _read(self, consumer: Any) -> None:
        worker = self._worker
        before = (worker.connected, worker.drained, worker.fetching)
        draining = self._is_to_drain()
        with self._errors.caught("drain"):
            (fetching.stop if draining else fetching.resume)(consumer.task_consumer)
            self._stop_request.obey(consumer)
        worker.evidence = self._reader.evidence(consumer)
        worker.queues = transport.queue_names(consumer)
        worker.prefetch = _whole(consumer.qos.value)
        worker.initial_prefetch = _whole(getattr(consumer, "initial_prefetch_count", None))
        now = natives.monotonic()
        if draining or not worker.queues or now - (worker.loop_mono or 0) > UNSEEN_SECONDS:
            # It fetches nothing on purpose, or could not while the loop stood: that is not deafness.
            worker.fetched_mono = now
        # From the second heartbeat on: by then a slot has begun with what arrived last.
        was_draining, self._was_draining = self._was_draining, draining
        worker.drained = was_draining and draining and transport.is_quiet(worker.evidence)
        if draining and not worker.drained:
            self._schedule_early(consumer)
        is_fetching = self._is_fetching(transport.fetches(worker.evidence, len(worker.queues)), now)
        # While it drains, it still takes what the last pop brings.
        worker.fetching = not worker.drained if draining else is_fetching
        worker.answered_mono = self._answered(consumer, now)
        worker.connected = True
        worker.loop_mono = now
        worker.loop_due_mono = None
        if before != (worker.connected, worker.drained, worker.fetching):
            self._reporter.notify()

    def _is_to_drain(self) -> bool:
        return self._stop_request.is_in_force() or self._directory.is_drain_requested()

    def _give_back_once_quiet(self, consumer: Any) -> None:
        """An outstanding pop would take what goes back, so it gets the time to be answered."""
        now = natives.monotonic()
        if self._give_back_due is None:
            self._give_back_due = now + LAST_POP_SECONDS
        if not transport.is_polling(consumer) or now >= self._give_back_due:
            self._give_back(consumer)
        else:
            self._schedule_early(consumer)

    def _give_back(self, consumer: Any) -> None:
        """With gevent and eventlet not in the loop: it may stand until a slot is free."""
        if self._worker.evidence["kind"] != "redis":
            return
        active = tasks.active_requests()
        with self._errors.caught("pop"):
            give_back.end_pop(consumer.task_consumer.channel, in_loop=consumer.hub is not None)
        futile = give_back.will_all_run_again(active)
        count = give_back.give_back(consumer, active)
        if futile:
            give_back.end(pool.pids(consumer.pool), count)

    def _answered(self, consumer: Any, now: float) -> float | None:
        evidence = self._worker.evidence
        mark = self._reader.answer_mark(consumer, evidence["kind"])
        self._answers.note(mark, due=transport.is_answer_due(evidence), now=now)
        return self._answers.mono

    def _is_fetching(self, seen: bool | None, now: float) -> bool | None:
        """What to report, given one reading: a busy loop is between two pops at every heartbeat."""
        before, self._processed = self._processed, tasks.processed()
        if seen or self._processed > before:
            self._worker.fetched_mono = now
        if seen is False and transport.may_fetch(self._worker.evidence):
            return now - (self._worker.fetched_mono or 0) < UNSEEN_SECONDS
        return seen


def step_class(heartbeat: Heartbeat, errors: ErrorLog) -> Any:
    """The class to add to an application's ``steps["consumer"]``."""
    tasks.count_discards()

    class ReportStep(bootsteps.StartStopStep):  # type: ignore[misc]
        """Starts after the task consumer exists and before the event loop runs."""

        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            with errors.caught("start"):
                heartbeat.start(consumer)

        def stop(self, consumer: Any) -> None:
            with errors.caught("stop"):
                heartbeat.stop(consumer)

        def info(self, _: Any) -> dict[str, Any]:
            return heartbeat.stats()

    return ReportStep


def _whole(count: Any) -> int | None:
    """A prefetch limit: with a multiplier such as 0.5, Celery computes it as a float."""
    return None if count is None else ceil(count)
