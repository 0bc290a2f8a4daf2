"""The answer to the question why a task is not running."""

from dataclasses import dataclass

from celery_health.catalogue.entry import Severity


@dataclass(frozen=True, slots=True)
class Answer:
    """One reason and what supports it.

    ``reason``: the machine-readable word. ``severity``: unhealthy where the task does not run until someone
    acts, degraded where it ended without success or is held up. ``sentence``: the answer. ``short_sentence``:
    the same for a place that names the task already. ``evidence``: the facts that lead to it, one line each.
    ``remedy``: what a person can do, empty if there is nothing to do. ``command``: the command for it, empty
    if there is none.
    """

    reason: str
    severity: Severity
    sentence: str
    short_sentence: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    command: str = ""
