"""Splits the script of ``sh -c`` into simple commands, as far as that is possible without running it."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_PUNCTUATION = ";&|()<>\n"
_SUBSTITUTION = re.compile(r"\$\([^()]*\)|`[^`]*`")
_VARIABLE = re.compile(r"\$(?:(?P<bare>\w+)|\{(?P<braced>\w+)(?::?-(?P<default>[^}]*))?\})")

# Stands for the output of another command while the script is split.
_UNKNOWN = "$__OUTPUT__"

Literal = Callable[[str], str | None]
"""The value of a variable, if the manifests have it."""


def program(word: str) -> str:
    """``celery`` for ``/usr/local/bin/celery``."""
    return PurePosixPath(word).name


def script_of(words: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """The script that a shell is given with -c, and the words behind it; None where there is none."""
    for index, word in enumerate(words[:-2]):
        if program(word) not in _SHELLS:
            continue
        for place, option in enumerate(words[index + 1 : -1], index + 1):
            if re.fullmatch("-[a-z]*o", words[place - 1]):  # as in `bash -o pipefail -c`
                continue
            if not option.startswith("-") or option.startswith("--"):
                break
            if option.endswith("c"):
                return words[place + 1], tuple(words[place + 2 :])
    return None


def simple_commands(script: str, behind: Sequence[str], literal: Literal) -> list[list[str]]:
    """The commands of a script, with variables replaced where their value is known.

    Raises:
        ValueError: a quote is not closed.
    """
    joined = _SUBSTITUTION.sub(lambda _: _UNKNOWN, script.replace("\\\n", " "))
    lines = [line for line in joined.splitlines() if not line.lstrip().startswith("#")]
    lexer = shlex.shlex("\n".join(lines), posix=True, punctuation_chars=_PUNCTUATION)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    return [[*_words(command, behind, literal)] for command in _without_redirections([*lexer]) if command]


def _without_redirections(tokens: Sequence[str]) -> Iterator[list[str]]:
    command: list[str] = []
    skip = False
    for token in tokens:
        if skip:
            skip = False
        elif not set(token) <= set(_PUNCTUATION):
            command.append(token)
        elif "<" in token or ">" in token:
            if command and command[-1] in {"1", "2"}:  # of `2>&1`
                command.pop()
            skip = True
        else:
            yield command
            command = []
    yield command


def _words(command: Sequence[str], behind: Sequence[str], literal: Literal) -> Iterator[str]:
    for word in command:
        if word in {"$@", "$*"}:
            yield from behind[1:]  # the first one is the shell's $0
        else:
            yield _VARIABLE.sub(lambda found: _value(found, literal), word).replace(_UNKNOWN, "$(...)")


def _value(found: re.Match[str], literal: Literal) -> str:
    value = literal(found["bare"] or found["braced"])
    if value is not None:
        return value
    return found["default"] if found["default"] is not None else found[0]
