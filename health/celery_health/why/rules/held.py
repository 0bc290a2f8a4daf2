"""Tasks that a worker has."""

from celery_health.verdicts.text import lasting
from celery_health.why.facts import BlockingTask, Held, Holder, TaskFacts
from celery_health.why.finding import Finding
from celery_health.why.reasons import WhyReason
from celery_health.why.rules.ended import redelivery
from celery_health.why.words import ago, blocking_task, short, until

_LONG_SECONDS = 60.0
"""A task that has been running for so long is worth naming where others are reserved behind it."""


def holder_faulty(facts: TaskFacts) -> Finding | None:
    """The worker is deaf, wedged or the like."""
    holder = facts.holder
    if holder is None or not holder.fault:
        return None
    fault = short(holder.fault)
    remedy = (
        "Wait for the restart: the broker delivers the message again"
        if holder.restarting
        else "Restart the worker: the broker delivers the message again"
    )
    return Finding(
        WhyReason.HOLDER_FAULTY,
        {
            "worker": short(holder.worker),
            "fault": f", is {fault} and is being restarted" if holder.restarting else f" and is {fault}",
            "holder_remedy": remedy,
        },
    )


def holder_offline(facts: TaskFacts) -> Finding | None:
    """The worker is gone and has not been declared lost yet."""
    holder = facts.holder
    if holder is None or holder.online is not False or facts.lost_with is not None:
        return None
    return Finding(
        WhyReason.HOLDER_OFFLINE, {"worker": short(holder.worker), "redelivery": redelivery(facts)}
    )


def running(facts: TaskFacts) -> Finding | None:
    """A slot runs it."""
    holder = facts.holder
    if holder is None or holder.held is not Held.ACTIVE or facts.lost_with is not None:
        return None
    age = None if facts.started is None else max(0.0, facts.now - facts.started)
    words = {
        "worker": short(holder.worker),
        "runs": "runs" if age is None else "has been running",
        "running_for": "" if age is None else f" for {lasting(age)}",
    }
    if age is not None and facts.p99 is not None and age > facts.p99:
        return Finding(WhyReason.RUNNING_LONG, {**words, "p99": _duration(facts.p99)})
    return Finding(WhyReason.RUNNING, words)


def held_for_eta(facts: TaskFacts) -> Finding | None:
    """The worker waits for its time."""
    holder = facts.holder
    if holder is None or not (holder.held is Held.ETA or _waits_for_eta(facts, holder)):
        return None
    return Finding(
        WhyReason.HELD_FOR_ETA,
        {
            "worker": short(holder.worker),
            "eta": f",{until(facts, facts.eta)}" if facts.eta is not None else "",
        },
    )


def rate_limited(facts: TaskFacts) -> Finding | None:
    """The task has a rate limit there. No worker reports which of its tasks wait for one."""
    holder = facts.holder
    if holder is None or holder.rate_limit is None:
        return None
    return Finding(
        WhyReason.RATE_LIMITED,
        {"worker": short(holder.worker), "rate_limit": short(holder.rate_limit)},
    )


def behind_long_task(facts: TaskFacts) -> Finding | None:
    """It waits for a slot, and a slot has been running something else for long."""
    holder = facts.holder
    if holder is None or not _slots_are_busy(holder):
        return None
    longest = max(holder.blocking, key=_age)
    if _age(longest) < _LONG_SECONDS:
        return None
    return Finding(
        WhyReason.BEHIND_LONG_TASK,
        {"worker": short(holder.worker), "blocking": blocking_task(longest)},
    )


def reserved(facts: TaskFacts) -> Finding | None:
    """It waits for a slot."""
    holder = facts.holder
    if holder is None or holder.held is not Held.RESERVED:
        return None
    slots = "its slots run other tasks"
    if holder.slots is not None:
        slots = (
            "its slot runs another task" if holder.slots == 1 else f"its {holder.slots} slots run other tasks"
        )
    return Finding(WhyReason.RESERVED, {"worker": short(holder.worker), "slots": slots})


def fetched(facts: TaskFacts) -> Finding | None:
    """The worker has it, and nothing says what it does with it."""
    holder = facts.holder
    if holder is None or facts.lost_with is not None:
        return None
    return Finding(WhyReason.FETCHED, {"worker": short(holder.worker), "ago": ago(facts, holder.since)})


def _waits_for_eta(facts: TaskFacts, holder: Holder) -> bool:
    return holder.held is Held.UNKNOWN and facts.eta is not None and facts.eta > facts.now


def _slots_are_busy(holder: Holder) -> bool:
    return (
        holder.held in {Held.RESERVED, Held.UNKNOWN}
        and bool(holder.blocking)
        and (holder.slots is None or len(holder.blocking) >= holder.slots)
    )


def _age(blocking: BlockingTask) -> float:
    return blocking.running_for or 0.0


def _duration(seconds: float) -> str:
    return lasting(seconds) if seconds >= 1 else f"{seconds * 1000:.0f} ms"
