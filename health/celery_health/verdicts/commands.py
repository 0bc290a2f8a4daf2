"""Command lines of verdicts, for a person to run."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from celery_health.catalogue.entry import Wording

_WITHOUT_APP = ("control ", "health dead-letter ", "inspect ")
"""The commands of ``celery`` that need the broker only."""


class Commands(Protocol):
    """The commands of one program, with what they need to know of their surroundings."""

    def line(self, wording: Wording, subjects: Sequence[str], facts: Mapping[str, str]) -> str:
        """The command line; empty where the wording has no command for this program."""


def celery_program(app: str) -> str:
    """``celery`` with its ``-A``. ``app`` is empty where Celery needs no option."""
    return f"celery -A {shlex.quote(app)}" if app else "celery"


@dataclass(frozen=True, slots=True)
class CeleryCommands:
    """``celery`` for one application. ``app`` is what ``celery -A`` takes, empty without ``-A``.

    ``broker``: its address, where it is all that is known of the application and all that a client needs.
    """

    app: str = "APP"
    broker: str = ""

    def line(self, wording: Wording, subjects: Sequence[str], facts: Mapping[str, str]) -> str:
        """Names are quoted for a shell."""
        if not wording.celery:
            return ""
        quoted = {name: shlex.quote(value) for name, value in facts.items()}
        command = wording.celery.format(subjects=shlex.quote(",".join(subjects)), **quoted)
        if self.broker and command.startswith(_WITHOUT_APP):
            return f"celery -b {shlex.quote(self.broker)} {command}"
        return f"{celery_program(self.app)} {command}"
