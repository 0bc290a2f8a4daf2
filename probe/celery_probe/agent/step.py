"""The bootstep of the consumer: each second it looks at the transport, from inside the consumer's own loop.

A step of the worker would not do: its timers die at the first reconnect, when Celery clears the event loop's.
"""

from __future__ import annotations

from typing import Any, Callable

from celery import bootsteps

from celery_probe.agent import drain, give_back, natives, pool, stack, tasks, transport
from celery_probe.agent.answers import AnswerWatch
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker import Worker

BEAT_SECONDS = 1.0
FIRST_BEAT_SECONDS = 0.05
# Whoever waits for the end of a drain waits for the answer to the pop under way, and no longer.
HASTY_BEAT_SECONDS = 0.1
# Between two blocking pops none is outstanding: only so many seconds without one, or a task, mean anything.
UNSEEN_SECONDS = 5.0
# kombu's pop is answered after 1 s, and the hook waits for 3 s until all has gone back.
LAST_POP_SECONDS = 1.2


class Pulse:
    """Looks at one consumer from its loop, and holds or resumes its fetching as the drain file wishes."""

    def __init__(
        self, worker: Worker, directory: ReportDirectory, errors: ErrorLog, notify: Callable[[], None]
    ) -> None:
        self._worker = worker
        self._directory = directory
        self._errors = errors
        self._notify = notify
        self._reader = transport.TransportReader(errors)
        self._answers = AnswerWatch(UNSEEN_SECONDS)
        self._processed = 0
        self._timers: list[Any] = []
        self._hasty: Any = None
        self._pending = False
        self._give_back_due: float | None = None

    def start(self, consumer: Any) -> None:
        """Begin with a consumer that has just connected and fetches nothing yet."""
        self._worker.consumer = consumer
        self._worker.consumer_starts += 1
        self._note_place(consumer)
        self._worker.loop_due_mono = natives.monotonic()
        self._pending = False
        self._hasty = None
        self._worker.fetched_mono = natives.monotonic()
        with self._errors.caught("drain"):
            if self._directory.drain_wanted():
                drain.hold(consumer.task_consumer)
        timer = consumer.timer
        self._timers = [
            timer.call_after(FIRST_BEAT_SECONDS, self._schedule, (consumer,)),
            timer.call_repeatedly(BEAT_SECONDS, self._schedule, (consumer,)),
        ]

    def stop(self, consumer: Any) -> None:
        """The connection is lost or the worker stops."""
        self._worker.connected = False
        self._worker.fetching = False
        self._worker.loop_due_mono = None
        timers, self._timers = [*self._timers, self._hasty], []
        self._hasty = None
        for entry in filter(None, timers):
            with self._errors.caught("timer"):
                consumer.timer.cancel(entry)
        self._notify()

    def _note_place(self, consumer: Any) -> None:
        """Where to look for what a loop that stands waits for: a consumer starts in its loop's own place."""
        self._worker.loop_thread = natives.get_ident()
        self._worker.loop_greenlet = None if consumer.hub else stack.current_greenlet()

    def _schedule(self, consumer: Any) -> None:
        """Have a beat made by the consumer's loop.

        The event loop runs its timers itself. Without one (gevent, eventlet) a timer proves nothing of the
        loop, and only the loop may use the broker's connection: the loop has to take the beat up.
        """
        with self._errors.caught("give back"):
            if self._directory.give_back_wanted():
                self._give_back_once_quiet(consumer)
        if consumer.hub is not None:
            self._beat(consumer)
            return
        with self._errors.caught("poll"):
            if transport.is_polling(consumer):
                self._worker.fetched_mono = natives.monotonic()
        if not self._pending:
            self._pending = True
            consumer.call_soon(self._beat, consumer)

    def _hasten(self, consumer: Any) -> None:
        """Have the next beat soon."""
        if self._hasty is None:
            self._hasty = consumer.timer.call_after(HASTY_BEAT_SECONDS, self._schedule_hasty, (consumer,))

    def _schedule_hasty(self, consumer: Any) -> None:
        self._hasty = None
        self._schedule(consumer)

    def _beat(self, consumer: Any) -> None:
        self._pending = False
        if consumer.task_consumer is None or consumer.connection is None:
            return
        with self._errors.caught("beat"):
            self._look(consumer)

    def _look(self, consumer: Any) -> None:
        worker = self._worker
        before = (worker.connected, worker.held, worker.fetching)
        wanted = self._directory.drain_wanted()
        with self._errors.caught("drain"):
            (drain.hold if wanted else drain.resume)(consumer.task_consumer)
            if self._directory.stop_wanted():
                drain.start_nothing(consumer)
        worker.evidence = self._reader.evidence(consumer)
        worker.queues = transport.queue_names(consumer)
        worker.prefetch = consumer.qos.value
        worker.initial_prefetch = getattr(consumer, "initial_prefetch_count", None)
        now = natives.monotonic()
        if wanted or not worker.queues or now - (worker.loop_mono or 0) > UNSEEN_SECONDS:
            # It fetches nothing on purpose, or could not while the loop stood: that is no deafness.
            worker.fetched_mono = now
        worker.held = wanted and transport.is_quiet(worker.evidence)
        if wanted and not worker.held:
            self._hasten(consumer)
        fetching = self._fetching(transport.fetches(worker.evidence, len(worker.queues)), now)
        # Asked to drain, it still takes what the last pop brings.
        worker.fetching = not worker.held if wanted else fetching
        worker.answered_mono = self._answered(consumer, now)
        worker.connected = True
        worker.loop_mono = now
        worker.loop_due_mono = None
        if before != (worker.connected, worker.held, worker.fetching):
            self._notify()

    def _give_back_once_quiet(self, consumer: Any) -> None:
        """A pop under way would take what goes back, and be lost with this process."""
        now = natives.monotonic()
        if self._give_back_due is None:
            self._give_back_due = now + LAST_POP_SECONDS
        if self._worker.held or not transport.is_polling(consumer) or now >= self._give_back_due:
            self._give_back(consumer)
        else:
            self._hasten(consumer)

    def _give_back(self, consumer: Any) -> None:
        """With gevent and eventlet not in the loop: it may stand until a slot is free."""
        if self._worker.evidence["kind"] != "redis":
            return
        active = tasks.active_requests()
        in_vain = give_back.will_all_run_again(active)
        count = give_back.give_back(consumer, active)
        if in_vain:
            give_back.end(pool.pids(consumer.pool), count)

    def _answered(self, consumer: Any, now: float) -> float | None:
        evidence = self._worker.evidence
        mark = self._reader.answer_mark(consumer, evidence["kind"])
        self._answers.note(mark, due=transport.is_answer_due(evidence), now=now)
        return self._answers.mono

    def _fetching(self, seen: bool | None, now: float) -> bool | None:
        """What to report, given what one look showed: a busy loop is between two pops whenever it looks."""
        before, self._processed = self._processed, tasks.processed()
        if seen or self._processed > before:
            self._worker.fetched_mono = now
        if seen is False and transport.may_fetch(self._worker.evidence):
            return now - (self._worker.fetched_mono or 0) < UNSEEN_SECONDS
        return seen


def consumer_step(pulse: Pulse, errors: ErrorLog) -> Any:
    """The class to add to an application's ``steps["consumer"]``."""

    tasks.count_discards()

    class ReportStep(bootsteps.StartStopStep):  # type: ignore[misc]
        """Starts after the task consumer exists and before the event loop runs."""

        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            with errors.caught("start"):
                pulse.start(consumer)

        def stop(self, consumer: Any) -> None:
            with errors.caught("stop"):
                pulse.stop(consumer)

    return ReportStep
