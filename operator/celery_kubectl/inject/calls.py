"""Finds where a command line starts a Celery worker, and what starts it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

from celery_health.wire.names import DIRECTORY
from celery_probe.bundle import observed_program

_APP_OPTION = re.compile(r"(-A|--app(=|$))")
_SHELL_OPTION = re.compile(r"-[a-z]*c")
# The programs that have a subcommand `celery` of their own.
_HAVE_CELERY = re.compile(r"(airflow|.*\.py)")
_PRINT = frozenset({"echo", "printf"})

_TOKEN = re.compile(
    r"""
      (?P<space> (?: [^\S\n] | \\\n )+ )
    | (?P<comment> \#[^\n]* )
    | (?P<end> [;&|()\n`]+ )
    | (?P<word> (?: \\. | '[^']*' | "(?: \\. | [^"\\] )*" | [^\s;&|()`'"\\] )+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


class Starter(Enum):
    """What starts the worker."""

    AGENT = auto()
    """``python /celery-probe ... worker``: the agent is there already."""
    CELERY = auto()
    """Celery's own command, which the agent can replace."""
    PROGRAM = auto()
    """Another program, which makes the worker in its own process."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command line. ``start`` and ``end``: where it is, in a list or in a text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """One start of a worker, with the words that replace those between ``start`` and ``end``.

    ``python``: the Python of the worker's environment, as far as the command line shows it.
    """

    starter: Starter
    start: int
    end: int
    replacement: tuple[str, ...] = ()
    python: str = "python"


def calls_in_list(entries: Sequence[str]) -> Iterator[Call]:
    """The call that the entries of ``command`` and ``args`` are, if they are one."""
    yield from _calls([Word(text, place, place + 1) for place, text in enumerate(entries)])


def calls_in_text(text: str) -> Iterator[Call]:
    """The calls in a text for a shell."""
    for command in _commands(text, 0):
        yield from _calls(command)


def is_shell_text(entries: Sequence[str], place: int) -> bool:
    """Whether a shell, or ``su``, gets this entry as a text to run."""
    return place > 0 and _is_shell_text(entries[place - 1], entries[place])


def _is_shell_text(before: str, text: str) -> bool:
    return _SHELL_OPTION.fullmatch(before) is not None and re.search(r"\s", text) is not None


def _calls(words: Sequence[Word]) -> Iterator[Call]:
    if not words or _name(words[0].text) in _PRINT:
        return
    texts = [word.text for word in words]
    for place in range(len(words)):
        call = _call(words, texts, place)
        if call is not None:
            yield call
            return


def _call(words: Sequence[Word], texts: Sequence[str], place: int) -> Call | None:
    word, rest = words[place], texts[place + 1 :]
    name = _name(word.text)
    if name == "sentry" and ("run", "worker") in pairwise(rest):
        return Call(Starter.PROGRAM, word.start, word.end)
    if observed_program(rest) != "worker":
        return None
    if word.text == DIRECTORY:
        return Call(Starter.AGENT, word.start, word.end, python=_python(texts[:place]))
    if name == "celery":
        return _celery_call(words, texts, place)
    return None


def _celery_call(words: Sequence[Word], texts: Sequence[str], place: int) -> Call:
    word, before = words[place], texts[place - 1] if place else ""
    if _HAVE_CELERY.fullmatch(_name(before)) or not any(_APP_OPTION.match(text) for text in texts[place:]):
        return Call(Starter.PROGRAM, word.start, word.end)
    if before == "-m":
        return Call(Starter.CELERY, words[place - 1].start, word.end, (DIRECTORY,), _python(texts[:place]))
    python = f"{word.text.removesuffix('celery')}python"
    return Call(Starter.CELERY, word.start, word.end, (python, DIRECTORY), python)


def _commands(text: str, offset: int) -> Iterator[list[Word]]:
    """The words of each command in a text for a shell, and of a text within it that another shell runs."""
    words: list[Word] = []
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "end":
            yield words
            words = []
        elif token.lastgroup == "word":
            inner, found = token.group().strip("'\""), token.group()
            if words and _is_shell_text(words[-1].text, inner):
                yield from _commands(inner, offset + token.start() + found.index(inner))
            words.append(Word(inner, offset + token.start(), offset + token.end()))
    yield words


def _python(texts: Sequence[str]) -> str:
    return next((text for text in texts if _name(text).startswith("python")), "python")


def _name(program: str) -> str:
    return program.rpartition("/")[2]
