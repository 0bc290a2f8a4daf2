"""The facts of a task, one line each, in the order of its life."""

from collections.abc import Iterator
from itertools import islice

from celery_health.redaction import printable
from celery_health.verdicts.text import counted, lasting, times
from celery_health.why.facts import Holder, Queue, TaskFacts
from celery_health.why.words import blocking_task, moment, names, short

_MAX_LINES = 20


def evidence(facts: TaskFacts) -> tuple[str, ...]:
    """What the answer stands on."""
    return tuple(printable(line) for line in islice(_lines(facts), _MAX_LINES))


def _lines(facts: TaskFacts) -> Iterator[str]:
    yield from _times(facts)
    yield from _run(facts)
    if facts.holder is not None:
        yield from _holder(facts.holder)
    if facts.queue is not None:
        yield from _queue(facts.queue)
    if facts.unacknowledged is not None:
        known = "an" if facts.unacknowledged else "no"
        yield f"The broker has {known} unacknowledged message of the task."
    yield from _sources(facts)


def _times(facts: TaskFacts) -> Iterator[str]:
    worker = f" by worker {short(facts.worker)}" if facts.worker else ""
    for verb, time, who in (
        ("Sent", facts.sent, ""),
        ("Received", facts.received, worker),
        ("Started", facts.started, worker),
        ("Finished", facts.finished, worker),
    ):
        if time is not None:
            yield f"{verb} at {moment(time)}{who}."
    for noun, time in (("ETA", facts.eta), ("Expires", facts.expires)):
        if time is not None:
            yield f"{noun}: {moment(time)}."


def _run(facts: TaskFacts) -> Iterator[str]:
    if facts.p99 is not None:
        yield f"99 % of {counted(facts.p99_runs, 'run')} of this name took less than {facts.p99:.3g} s."
    if facts.retries:
        yield f"{counted(facts.retries, 'retry', 'retries')} came before."
    if facts.run_twice:
        yield "The task has been run twice."
    yield from _cancel(facts)
    if facts.error:
        yield f"The last error: {short(facts.error)}."


def _cancel(facts: TaskFacts) -> Iterator[str]:
    if facts.revoke_asked is None:
        return
    by = f" by {short(facts.revoked_by)}" if facts.revoked_by else ""
    sends = f"was sent to workers {times(facts.revoke_sends)}" if facts.revoke_sends else "was not sent yet"
    yield f"A cancel was requested at {moment(facts.revoke_asked)}{by}, and {sends}."


def _holder(holder: Holder) -> Iterator[str]:
    slots = "" if holder.slots is None else f" and has {counted(holder.slots, 'slot')}"
    yield f"Worker {short(holder.worker)} has the task ({holder.held.value}){slots}."
    if holder.blocking:
        active = counted(len(holder.blocking), "active task")
        yield f"The worker has {active}; the longest is {blocking_task(holder.blocking[0])}."


def _queue(queue: Queue) -> Iterator[str]:
    ready = "unknown" if queue.ready is None else counted(queue.ready, "ready message")
    consumers = "" if queue.consumers is None else f", {counted(queue.consumers, 'consumer')}"
    yield f"Queue {short(queue.name)}: {ready}{consumers}."
    if queue.found is False:
        yield f"The message is not in queue {short(queue.name)}."
    if queue.workers:
        yield f"Workers that consume it: {names(queue.workers)}."
    if queue.rate is not None and queue.workers != ():
        yield f"Its workers finish {queue.rate:.3g} tasks per second."


def _sources(facts: TaskFacts) -> Iterator[str]:
    sources = facts.sources
    if sources.broker:
        yield f"Broker: {short(sources.broker)}."
    if sources.worker_count is not None:
        verb = "All" if sources.workers_known else "Not all"
        yield f"{verb} workers answered: {sources.worker_count}."
    if sources.events_since is not None:
        yield f"Events have been received since {moment(sources.events_since)}."
    if sources.task_events is False:
        yield "Task events are off."
    if sources.sent_events is False:
        yield "No program sends the event task-sent (task_send_sent_event)."
    if sources.backend is None:
        yield "No result backend was asked."
    if facts.redelivery is not None:
        yield f"The broker delivers unacknowledged messages again after at most {lasting(facts.redelivery)}."
    yield from sources.not_searched
