"""Tasks that run no more: they ended, are lost, or no worker takes them."""

from collections.abc import Mapping

from celery_health.verdicts.text import lasting, times
from celery_health.why.facts import EXPIRED, Held, Outcome, TaskFacts
from celery_health.why.finding import Finding
from celery_health.why.reasons import WhyReason
from celery_health.why.words import ago, short

_ENDINGS = {
    Outcome.FAILED: WhyReason.FAILED,
    Outcome.REVOKED: WhyReason.REVOKED,
    Outcome.REJECTED: WhyReason.REJECTED,
}
_RECOVERABLE: Mapping[Outcome | None, str] = {
    Outcome.FAILED: "failed",
    Outcome.REVOKED: "was revoked",
    Outcome.REJECTED: "was rejected",
}


def dead_lettered(facts: TaskFacts) -> Finding | None:
    """Its message is in the dead-letter queue."""
    if facts.dead_letter_queue is None:
        return None
    if facts.quarantined:
        return quarantined(facts)
    return Finding(WhyReason.DEAD_LETTERED, _dead_letter_queue(facts))


def quarantined(facts: TaskFacts) -> Finding | None:
    """Its id is in quarantine."""
    if not facts.quarantined:
        return None
    deaths = f" after it killed its process {times(facts.deaths)}" if facts.deaths else ""
    words = {**_dead_letter_queue(facts), "deaths": deaths, "problem": ""}
    if facts.dead_letter_queue is None and facts.not_moved:
        problem = short(facts.not_moved).rstrip(".")
        words |= {"moved": "cannot be moved to", "problem": f": {problem}"}
        words["quarantine_remedy"] = "Correct that: the worker moves the message at its next attempt"
        return Finding(WhyReason.QUARANTINED, words, "health")
    words["moved"] = "is moved to" if facts.dead_letter_queue is None else "is in"
    words["quarantine_remedy"] = (
        "Correct the task, wait until it is out of quarantine, 10 minutes after its last death, and replay "
        "its message"
    )
    return Finding(WhyReason.QUARANTINED, words)


def poison(facts: TaskFacts) -> Finding | None:
    """It has killed its process again and again, and would do so again."""
    if facts.poison is None:
        return None
    is_active = facts.holder is not None and facts.holder.held is Held.ACTIVE
    # A worker rejects the message of a killed task, which goes back to its queue.
    is_over = facts.outcome not in {None, Outcome.REJECTED}
    if not is_active and (is_over or facts.quarantined or facts.revoke_ordered):
        return None
    verdict = facts.poison
    message = verdict.message.replace(f"({facts.id[:8]})", short(facts.id)).removesuffix(".")
    words = {**verdict.facts, "message": message, "poison_remedy": verdict.remedy.removesuffix(".")}
    return Finding(WhyReason.POISON_TASK, words, verdict.entry.worded(verdict.variant).celery)


def recovered(facts: TaskFacts) -> Finding | None:
    """It was lost, or did not succeed, and a person has sent it again with success."""
    if facts.succeeded_as is None or facts.awaits_retry:
        return None
    verb = "was lost" if facts.lost_with is not None else _RECOVERABLE.get(facts.outcome)
    if verb is None:
        return None
    words = {"ended": verb, "retry": short(facts.succeeded_as), **_last_run(facts)}
    return Finding(WhyReason.RECOVERED, words)


def ended(facts: TaskFacts) -> Finding | None:
    """Its last run ended, and no other is to follow."""
    if facts.outcome is None or facts.awaits_retry:
        return None
    words = _last_run(facts)
    if facts.outcome is Outcome.SUCCEEDED:
        took = ""
        if facts.started is not None and facts.finished is not None:
            seconds = facts.finished - facts.started
            took = f", in {lasting(seconds)}" if seconds >= 1 else ", in less than 1 s"
        reason = WhyReason.RESULT_EXPIRED if facts.result_kept is False else WhyReason.SUCCEEDED
        return Finding(reason, {**words, "took": took})
    if facts.outcome is Outcome.REVOKED and _expired_before_end(facts):
        return _expired(facts)
    more = {"by": _by(facts), "how": _how(facts), "again": _again(facts)}
    return Finding(_ENDINGS[facts.outcome], {**words, **more})


def end_unreported(facts: TaskFacts) -> Finding | None:
    """Its worker has ended it, and no event of that came."""
    if not facts.end_missing:
        return None
    return Finding(WhyReason.END_UNREPORTED, {"on_worker": _on_worker(facts)})


def lost(facts: TaskFacts) -> Finding | None:
    """Its worker is gone, and its message is not back in the queue."""
    if facts.lost_with is None or (facts.queue is not None and facts.queue.found):
        return None
    return Finding(
        WhyReason.LOST_WITH_WORKER,
        {
            "worker": short(facts.lost_with),
            "redelivery": redelivery(facts) or "; its message may be back in its queue",
        },
    )


def no_worker_has_it(facts: TaskFacts) -> Finding | None:
    """The worker that has begun it lives, and does not have it."""
    if facts.left_by is None or (facts.queue is not None and facts.queue.found):
        return None
    last = "the result backend says STARTED"
    if facts.sources.history:
        last = "its last event says that it began"
    return Finding(WhyReason.NO_WORKER_HAS_IT, {"worker": short(facts.left_by), "last": last})


def expired(facts: TaskFacts) -> Finding | None:
    """Its time has passed before a worker took it."""
    if facts.expires is None or facts.expires > facts.now:
        return None
    return _expired(facts)


def redelivery(facts: TaskFacts) -> str:
    """What the broker is going to do with the message of a task whose worker is gone."""
    if facts.unacknowledged is True and facts.redelivery is not None:
        return f"; the broker delivers it again in {lasting(facts.redelivery)}"
    if facts.unacknowledged is False:
        return ", and the broker no longer has its message"
    return ""


def _expired(facts: TaskFacts) -> Finding:
    expired = "" if facts.expires is None else f" {lasting(max(0.0, facts.now - facts.expires))} ago"
    return Finding(WhyReason.EXPIRED, {"expired": expired})


def _expired_before_end(facts: TaskFacts) -> bool:
    if facts.revoke_reason is not None:
        return facts.revoke_reason == EXPIRED
    return facts.expires is not None and facts.expires <= (facts.finished or facts.now)


def _how(facts: TaskFacts) -> str:
    return f" and {short(facts.revoke_reason)}" if facts.revoke_reason else ""


def _last_run(facts: TaskFacts) -> dict[str, str]:
    error = f": {short(facts.error)}" if facts.error else ""
    return {"ago": ago(facts, facts.finished), "on_worker": _on_worker(facts), "error": error}


def _again(facts: TaskFacts) -> str:
    """How a task that failed comes to run again: a MemoryError ends the worker before it acknowledges."""
    if facts.unacknowledged is True or (facts.queue is not None and facts.queue.found):
        return ". The broker still has its message, so it can run again by itself: do not send another"
    return ", then send the task again"


def _on_worker(facts: TaskFacts) -> str:
    return f" on worker {short(facts.worker)}" if facts.worker else ""


def _by(facts: TaskFacts) -> str:
    return f" by {short(facts.revoked_by)}" if facts.revoked_by else ""


def _dead_letter_queue(facts: TaskFacts) -> dict[str, str]:
    if facts.dead_letter_queue is None:
        return {"queue": "", "queue_option": ""}
    name = short(facts.dead_letter_queue)
    return {"queue": f" {name}" if facts.quarantined else name, "queue_option": facts.dead_letter_queue}
