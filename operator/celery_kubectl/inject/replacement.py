"""The words that start a worker together with the agent, in the place of Celery's own command."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from celery_health.wire.names import DIRECTORY
from celery_kubectl.command_line.start import CeleryStart, Starter
from celery_kubectl.command_line.words import program

_APP_OPTION = re.compile(r"(-A|--app(=|$))")
# `pip install --user` puts programs there, and no Python.
_WITHOUT_PYTHON = ".local/bin/"


@dataclass(frozen=True, slots=True)
class Replacement:
    """New words for those between ``start`` and ``end``, which are indexes of entries or places in a text."""

    start: int
    end: int
    words: tuple[str, ...]


def replacement_of(start: CeleryStart) -> Replacement | None:
    """How the agent takes the place of Celery's command; None where it cannot."""
    if start.starter is not Starter.CELERY or not any(_APP_OPTION.match(one) for one in start.behind):
        return None
    word = start.word
    if start.before[-1:] == ("-m",):
        module = start.words[start.place - 1]
        if module.entry != word.entry:
            return None
        return Replacement(module.start, word.end, (DIRECTORY,))
    return Replacement(word.start, word.end, (_python(start), DIRECTORY))


def hook_python(start: CeleryStart) -> str:
    """The Python of the worker's environment for a hook, as far as the command line shows it."""
    python = _python(start)
    # A hook has no shell that replaces variables, and starts in a folder of its own.
    return python if python.startswith("/") or "/" not in python else "python"


def _python(start: CeleryStart) -> str:
    """The Python that starts Celery, or the one beside ``celery``."""
    if start.starter is Starter.AGENT or start.before[-1:] == ("-m",):
        return _first_python(start.before)
    folder = start.word.text.removesuffix("celery") if start.starter is Starter.CELERY else ""
    return "python" if folder.endswith(_WITHOUT_PYTHON) else f"{folder}python"


def _first_python(texts: Sequence[str]) -> str:
    return next((text for text in texts if program(text).startswith("python")), "python")
