"""Finds what of Celery a simple command starts, and what starts it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import dropwhile, pairwise

from celery_health.wire.names import DIRECTORY
from celery_kubectl.command_line.words import Command, Word, program
from celery_probe.bundle import observed_program

_SUBCOMMANDS = frozenset(
    {
        *("worker", "beat", "flower", "events", "multi", "inspect", "control", "status", "purge", "list"),
        *("call", "result", "migrate", "shell", "upgrade", "graph", "report", "logtool", "amqp"),
    }
)
# Before and behind the commands of conditions and loops.
_KEYWORDS = frozenset(
    {"if", "then", "elif", "else", "fi", "while", "until", "do", "done", "esac", "{", "}", "!", "time"}
)
_PRINT = frozenset({"echo", "printf"})
# Programs with a subcommand `celery` of their own. A script in Python may have one too.
_HAVE_CELERY = frozenset(
    {"airflow", "sentry", "manage.py", "django-admin", "flask", "superset", "snuba", "invenio"}
)
_PYTHON_SCRIPT = re.compile(r"(?!-)[\w./-]+\.py")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL | re.ASCII)


class Starter(Enum):
    """What starts Celery."""

    AGENT = auto()
    """``python /celery-probe ... worker``: the agent is there already."""
    CELERY = auto()
    """Celery's own command."""
    PROGRAM = auto()
    """Another program, which runs Celery in its own process."""


@dataclass(frozen=True, slots=True)
class CeleryStart:
    """One start of Celery in a command line."""

    starter: Starter
    role: str
    """The subcommand: worker, beat, flower or another one."""
    words: Command
    """Without keywords of the shell and without assignments before it."""
    place: int
    """The index of ``celery``, of the agent's folder, or of the other program."""
    variables: tuple[tuple[str, str], ...] = ()
    """The assignments before it."""

    @property
    def word(self) -> Word:
        """``celery``, the agent's folder, or the other program."""
        return self.words[self.place]

    @property
    def before(self) -> tuple[str, ...]:
        """What stands before it."""
        return tuple(word.text for word in self.words[: self.place])

    @property
    def behind(self) -> tuple[str, ...]:
        """Its arguments."""
        return tuple(word.text for word in self.words[self.place + 1 :])


def without_keywords(command: Command) -> Command:
    """``celery worker`` for ``then celery worker``; nothing for ``done``."""
    return tuple(dropwhile(lambda word: word.text in _KEYWORDS, command))


def start_of(command: Command) -> CeleryStart | None:
    """What of Celery a simple command starts; None where it starts nothing of it."""
    words = without_keywords(command)
    variables: list[tuple[str, str]] = []
    while words and (given := _ASSIGNMENT.fullmatch(words[0].text)):
        variables.append((given[1], given[2]))
        words = words[1:]
    texts = [word.text for word in words]
    if not texts or program(texts[0]) in _PRINT:
        return None
    for place in range(len(texts)):
        if found := _start_at(place, texts):
            starter, role, of_program = found
            return CeleryStart(starter, role, words, of_program, tuple(variables))
    return None


def _start_at(place: int, texts: Sequence[str]) -> tuple[Starter, str, int] | None:
    """What starts Celery, the subcommand, and where the words of the program begin."""
    before, behind, name = texts[:place], texts[place + 1 :], program(texts[place])
    role = observed_program(behind) or ""
    if name == "sentry" and ("run", "worker") in pairwise(behind):
        return Starter.PROGRAM, "worker", place
    if role not in _SUBCOMMANDS:  # such as a folder, or a user, whose name is celery
        return None
    if texts[place] == DIRECTORY:
        return Starter.AGENT, role, place
    if name != "celery" or "install" in before:  # as in `pip install celery flower`
        return None
    other = next((index for index, one in enumerate(before) if program(one) in _HAVE_CELERY), None)
    if other is None and before and _PYTHON_SCRIPT.fullmatch(before[-1]):
        other = place - 1
    return (Starter.CELERY, role, place) if other is None else (Starter.PROGRAM, role, other)
