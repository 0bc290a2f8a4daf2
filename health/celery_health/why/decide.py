"""From the facts of a task to the one answer."""

import shlex
from collections.abc import Mapping
from dataclasses import replace

from celery_health.redaction import printable
from celery_health.verdicts.commands import celery_program
from celery_health.why.answer import Answer
from celery_health.why.evidence import evidence
from celery_health.why.facts import Held, Holder, TaskFacts
from celery_health.why.finding import Finding
from celery_health.why.reasons import TEXTS
from celery_health.why.rules import RULES
from celery_health.why.words import short, task


def why(facts: TaskFacts) -> Answer:
    """Why the task is not running, or what became of it: always exactly one answer."""
    known = _with_holder(facts)
    finding = next(found for rule in RULES if (found := rule(known)) is not None)
    texts, words = TEXTS[finding.reason], {**finding.words, "task": task(known)}
    return Answer(
        reason=finding.reason.value,
        severity=texts.severity,
        sentence=_sentence(texts.message, words),
        short_sentence=_sentence(texts.message, {**words, "task": "this task"}),
        evidence=evidence(known),
        remedy=f"{texts.remedy.format(**words)}." if texts.remedy else "",
        command=_command(known, finding),
    )


def _sentence(template: str, words: Mapping[str, str]) -> str:
    sentence = printable(template.format(**words))
    return sentence[:1].upper() + sentence[1:]


def _with_holder(facts: TaskFacts) -> TaskFacts:
    """Where no worker was found to have the task: the worker that last said so by an event."""
    ended = facts.outcome is not None or facts.lost_with is not None or facts.end_missing
    if facts.holder is not None or ended or facts.awaits_retry or facts.worker is None:
        return facts
    if facts.quarantined or facts.left_by is not None:
        return facts
    in_queue = facts.queue is not None and facts.queue.found
    if in_queue or (facts.started is None and facts.received is None):
        return facts
    held = Held.UNKNOWN if facts.started is None else Held.ACTIVE
    holder = Holder(facts.worker, held, since=facts.started or facts.received)
    return replace(facts, holder=holder)


def _command(facts: TaskFacts, finding: Finding) -> str:
    """The command line for this place, quoted for a shell."""
    texts, place = TEXTS[finding.reason], facts.place
    in_cluster = place.resource is not None and place.namespace is not None
    template = texts.kubectl if in_cluster else finding.command or texts.celery
    if not template:
        return ""
    names = {
        **finding.words,
        "id": facts.id,
        "name": facts.name or "TASK_NAME",
        "resource": place.resource or "",
    }
    quoted = {name: shlex.quote(short(value.strip())) for name, value in names.items()}
    option = finding.words.get("queue_option")
    quoted["queue_option"] = f" --queue {shlex.quote(short(option))}" if option else ""
    line = template.format(**quoted)
    if in_cluster:
        assert place.namespace is not None
        namespace = shlex.quote(short(place.namespace))
        # kubectl accepts no flags before the name of a plugin.
        if line.startswith("celery "):
            return f"kubectl celery -n {namespace} {line.removeprefix('celery ')}"
        return f"kubectl -n {namespace} {line}"
    return f"{celery_program(short(place.app))} {line}"
