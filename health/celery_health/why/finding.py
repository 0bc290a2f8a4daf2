"""What a rule finds: a reason with the words of its sentence."""

from collections.abc import Callable
from dataclasses import dataclass, field

from celery_health.why.facts import TaskFacts
from celery_health.why.reasons import WhyReason


@dataclass(frozen=True, slots=True)
class Finding:
    """``words``: values of placeholders in the texts of the reason, without those that all reasons have.

    ``command``: another command than that of the reason, for ``celery``.
    """

    reason: WhyReason
    words: dict[str, str] = field(default_factory=dict)
    command: str = ""


Rule = Callable[[TaskFacts], Finding | None]
"""A rule returns None where it does not apply."""
