"""Tasks of which no worker and no queue shows anything."""

from celery_health.why.facts import Sources, TaskFacts
from celery_health.why.finding import Finding
from celery_health.why.reasons import WhyReason
from celery_health.why.words import ago, is_beginning, short

_SENT_EVENTS = (
    "Set task_send_sent_event = True in the programs that send tasks: until then a task is seen only when a "
    "worker fetches it. Check that they use this broker"
)
_CHECK = (
    "Check the id, and that the program that sends the task uses this broker; a task that ended leaves no "
    "trace if its result is ignored or has expired"
)

_WHOLE_ID = (
    "Give the whole id of the task: the command of a verdict has it, the list of the dead-letter queue, and "
    "the log of the worker"
)


def sent(facts: TaskFacts) -> Finding | None:
    """It was sent, and that is all."""
    if facts.sent is None and facts.queue is None:
        return None
    to_queue = f" to queue {short(facts.queue.name)}" if facts.queue is not None else ""
    return Finding(WhyReason.SENT, {"ago": ago(facts, facts.sent), "to_queue": to_queue})


def never_seen(facts: TaskFacts) -> Finding:
    """The last rule: it always applies."""
    sources = facts.sources
    where = f" on {short(sources.broker)}" if sources.broker else ""
    delay = f"; a task of the last {sources.delay:g} s may not be known yet" if sources.delay else ""
    remedy, command = _what_would_show_it(sources)
    if is_beginning(facts.id):
        where, delay = f"{where}: this may be only the beginning of an id", ""
        remedy, command = _WHOLE_ID, "health dead-letter list"
    return Finding(WhyReason.NEVER_SEEN, {"where": where, "delay": delay, "seen_remedy": remedy}, command)


def _what_would_show_it(sources: Sources) -> tuple[str, str]:
    if sources.history and sources.task_events is False:
        return "Turn on task events: without them no worker reports its tasks", "control enable_events"
    if sources.history and sources.sent_events is False:
        return _SENT_EVENTS, "inspect conf"
    if sources.backend is None:
        return (
            "Name the result backend, which knows finished tasks, and check the id and the broker",
            "health",
        )
    return _CHECK, "health"
