"""The answer to the question why a task is not running."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One reason and what supports it.

    ``reason``: the machine-readable word. ``sentence``: the answer. ``evidence``: the facts that lead to it,
    one line each. ``remedy``: what a person can do, empty if there is nothing to do. ``command``: the command
    for it, empty if there is none.
    """

    reason: str
    sentence: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    command: str = ""
