"""Tasks whose message is in the broker."""

from celery_health.verdicts.text import counted, lasting
from celery_health.why.facts import Held, Queue, TaskFacts
from celery_health.why.finding import Finding
from celery_health.why.reasons import WhyReason
from celery_health.why.rules.ended import redelivery
from celery_health.why.words import ahead, names, short, until


def revoke_ordered(facts: TaskFacts) -> Finding | None:
    """Workers have been ordered to discard it, or are about to be, and it is not running."""
    if not facts.revoke_ordered:
        return None
    by = f" by {short(facts.revoked_by)}" if facts.revoked_by else ""
    is_cancel = facts.revoke_asked is not None
    words = {
        "request": "A cancel of " if is_cancel else "",
        "requested": "requested" if is_cancel else "revoked",
        "by": by,
        "effect": "no worker has been ordered yet"
        if facts.revoke_sends == 0
        else "a worker discards it instead of running it",
    }
    return Finding(WhyReason.REVOKE_ORDERED, words)


def broker_unreachable(facts: TaskFacts) -> Finding | None:
    """The broker cannot be used."""
    error = facts.sources.broker_error
    return Finding(WhyReason.BROKER_UNREACHABLE, {"broker_error": error}) if error else None


def unacknowledged(facts: TaskFacts) -> Finding | None:
    """Its message was delivered, and no worker says that it has it."""
    if facts.unacknowledged is not True:
        return None
    return Finding(WhyReason.UNACKNOWLEDGED, {"redelivery": redelivery(facts)})


def group_at_zero(facts: TaskFacts) -> Finding | None:
    """The group that consumes the queue has no replicas."""
    queue, group = _waiting_queue(facts), facts.group
    if queue is None or group is None or group.desired != 0:
        return None
    why = f": {short(group.reason_for_zero).rstrip('.')}" if group.reason_for_zero else ""
    return Finding(
        WhyReason.GROUP_AT_ZERO, {**_queue(facts, queue), "group": short(group.name), "group_why": why}
    )


def pod_pending(facts: TaskFacts) -> Finding | None:
    """No pod of the group is ready, and one of them cannot start."""
    queue, group = _waiting_queue(facts), facts.group
    if queue is None or group is None or not group.pending or (group.ready or 0) > 0:
        return None
    return Finding(
        WhyReason.POD_PENDING,
        {
            **_queue(facts, queue),
            "group": short(group.name),
            "pending": short(group.pending).rstrip("."),
            "pod": group.pending_pod or "",
        },
    )


def no_workers(facts: TaskFacts) -> Finding | None:
    """No worker is online."""
    queue, sources = _waiting_queue(facts), facts.sources
    if queue is None or queue.consumers or sources.worker_count != 0 or sources.workers_known is not True:
        return None
    return Finding(WhyReason.NO_WORKERS, _queue(facts, queue))


def no_consumer(facts: TaskFacts) -> Finding | None:
    """No worker consumes the queue."""
    queue = _waiting_queue(facts)
    if queue is None or queue.workers or (queue.consumers is None and not _workers_are_known(facts, queue)):
        return None
    if queue.consumers:
        return None
    name = short(queue.name)
    return Finding(WhyReason.NO_CONSUMER, {**_queue(facts, queue), "queues": name, "subjects": name})


def consumers_deaf(facts: TaskFacts) -> Finding | None:
    """Every worker of the queue is connected and fetches nothing."""
    queue = _waiting_queue(facts)
    if queue is None or not queue.workers or not set(queue.workers) <= set(queue.deaf):
        return None
    return Finding(WhyReason.CONSUMERS_DEAF, {**_queue(facts, queue), "deaf": names(queue.deaf)})


def waiting(facts: TaskFacts) -> Finding | None:
    """Workers consume the queue, and others are served first."""
    queue = _waiting_queue(facts)
    if queue is None:
        return None
    expected = expected_wait(queue)
    remedy = "Nothing is wrong. Start more workers if the wait is too long"
    if expected is None:
        remedy = "Check that the workers of the queue finish tasks; start more workers if the queue grows"
    return Finding(
        WhyReason.WAITING,
        {
            **_queue(facts, queue),
            "slots": "" if queue.slots is None else f", and {counted(queue.slots, 'slot')} serve the queue",
            "expected": "" if expected is None else f"; it is expected to start in {_about(expected)}",
            "waiting_remedy": remedy,
        },
    )


def waiting_for_retry(facts: TaskFacts) -> Finding | None:
    """It failed, and a retry is to follow."""
    holder = facts.holder
    if not facts.awaits_retry or (holder is not None and holder.held in {Held.ACTIVE, Held.RESERVED}):
        return None
    if facts.queue is not None and facts.queue.found and not _is_later(facts):
        return None
    retries = counted(facts.retries, "retry", "retries")
    return Finding(
        WhyReason.WAITING_FOR_RETRY,
        {
            "error": f" with {short(facts.error)}" if facts.error else "",
            "eta": f" at{until(facts, facts.eta)}" if facts.eta is not None else "",
            "retries": f"{retries} came before" if facts.retries else "it has not been retried yet",
        },
    )


def expected_wait(queue: Queue) -> float | None:
    """Seconds until the task is fetched, from the number of messages ahead and the rate at which they go."""
    if queue.ahead is None or queue.at_least or not queue.rate or queue.rate <= 0:
        return None
    return (queue.ahead + 1) / queue.rate


def _about(seconds: float) -> str:
    return "about a second" if seconds < 2 else f"about {lasting(seconds)}"


def _is_later(facts: TaskFacts) -> bool:
    return facts.eta is not None and facts.eta > facts.now


def _waiting_queue(facts: TaskFacts) -> Queue | None:
    """The queue, unless the whole of it was searched without finding the task."""
    queue = facts.queue
    return queue if queue is not None and queue.found is not False else None


def _workers_are_known(facts: TaskFacts, queue: Queue) -> bool:
    return queue.workers is not None and facts.sources.workers_known is True


def _queue(facts: TaskFacts, queue: Queue) -> dict[str, str]:
    return {"queue": short(queue.name), "ahead": ahead(facts)}
