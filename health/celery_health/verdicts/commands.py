"""Command lines of verdicts, for a person to run."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from celery_health.catalogue.entry import Wording


class Commands(Protocol):
    """The commands of one program, with what they need to know of their surroundings."""

    def line(self, wording: Wording, subjects: Sequence[str], facts: Mapping[str, str]) -> str:
        """The command line; empty where the wording has no command for this program."""


@dataclass(frozen=True, slots=True)
class CeleryCommands:
    """``celery`` for one application. ``app`` is what ``celery -A`` takes."""

    app: str = "APP"

    def line(self, wording: Wording, subjects: Sequence[str], facts: Mapping[str, str]) -> str:
        """Names are quoted for a shell."""
        if not wording.celery:
            return ""
        quoted = {name: shlex.quote(value) for name, value in facts.items()}
        command = wording.celery.format(subjects=shlex.quote(",".join(subjects)), **quoted)
        return f"celery -A {shlex.quote(self.app)} {command}"
