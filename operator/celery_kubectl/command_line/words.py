"""Splits ``command`` and ``args`` into simple commands, as the kubelet and a shell do."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

Literal = Callable[[str], str | None]
"""The value of a variable, if the manifests have it."""

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_SHELL_OPTION = re.compile(r"-[a-z]*c[eluvx]*")
_OPTION_WITH_NAME = re.compile(r"-[a-z]*o")
_PROGRAMS_WITH_TEXT = frozenset({"su", "runuser"})

_REFERENCE = re.compile(r"\$\$|\$\(([^()]+)\)")
_BRACES = r"\$\{[^{}]*\}"
# The output of another command, which may hold parentheses of its own.
_OUTPUT = r"\$\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_SINGLE = r"'[^']*'"
_DOUBLE = rf'"(?:\\.|{_OUTPUT}|\$(?!\()|[^"\\$])*"'
_VARIABLE = re.compile(
    r"(?<!\\)\$(?:(?P<bare>\w+)|\{(?P<braced>\w+)(?:(?P<operator>:?-)(?P<default>[^{}]*))?\})"
)
_ANY_OUTPUT = re.compile(rf"{_OUTPUT}|`[^`]*`", re.DOTALL)
_TOKEN = re.compile(
    rf"""
      (?P<space> (?: [^\S\n] | \\\n )+ )
    | (?P<comment> \#[^\n]* )
    | (?P<redirection> (?: \d+ | & )? (?: <<< | <<-? | >> | >\| | [<>]& | <> | [<>] ) )
    | (?P<end> [;&|()\n]+ )
    | (?P<word> (?: \\. | {_SINGLE} | {_DOUBLE} | `[^`]*` | {_OUTPUT} | {_BRACES} | [^\s;&|()<>`'"\\] )+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(
    rf"\\(?P<escaped>.)|(?P<single>{_SINGLE})|(?P<double>{_DOUBLE})|(?P<output>{_OUTPUT}|`[^`]*`)"
    rf"|(?P<plain>(?:{_BRACES}|[^'\"\\`$]|\$(?!\())+)",
    re.DOTALL,
)
_ESCAPED_IN_QUOTES = re.compile(r"\\(?:\n|([\"\\$`]))")
_WHITE_SPACE = re.compile(r"\s+")
# No text of a manifest has this character.
_SEPARATOR = "\0"
_ALL_ARGUMENTS = frozenset({"$@", "$*", "${@}", "${*}"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command, without its quotes.

    ``entry`` is the index of the entry of ``command`` and ``args`` whose text has the word from ``start`` to
    ``end``. It is None for a word that is an entry itself, and ``start`` is the index of that entry then.
    Where values replaced variables, the places mean nothing.
    """

    text: str
    start: int
    end: int
    entry: int | None = None


Command = tuple[Word, ...]


def program(word: str) -> str:
    """``celery`` for ``/usr/local/bin/celery``."""
    return PurePosixPath(word).name


def expanded(word: str, literal: Literal) -> str:
    """A word with ``$(NAME)`` replaced as the kubelet does, where the value is known."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        known = literal(found[1])
        return found[0] if known is None else known

    return _REFERENCE.sub(value, word)


def commands_of(entries: Sequence[str], literal: Literal | None = None) -> list[Command]:
    """The simple commands of ``command`` and ``args`` together: those of the texts that shells run, if any.

    With ``literal``, variables are replaced where their values are known.
    """
    texts = [expanded(one, literal) for one in entries] if literal else list(entries)
    words = [Word(text, place, place + 1) for place, text in enumerate(texts)]
    places = text_places(texts)
    if not places:
        return [tuple(words)] if words else []
    return [
        command
        for place in places
        for command in _in_text(texts[place], place, 0, words[place + 1 :], literal)
    ]


def text_places(entries: Sequence[str]) -> list[int]:
    """The indexes of the entries that a shell, or ``su``, runs as a text."""
    return [place for place, entry in enumerate(entries) if _is_text(entries[:place], entry)]


def has_open_quote(entries: Sequence[str]) -> bool:
    """Whether a text for a shell has a quote that is not closed."""
    tokens = (token for place in text_places(entries) for token in _TOKEN.finditer(entries[place]))
    return any(token.lastgroup == "other" and token.group() in "'\"`" for token in tokens)


def _is_text(before: Sequence[str], word: str) -> bool:
    if before and before[-1] == "--":  # as in `bash -c -- "..."`
        before = before[:-1]
    if word == "--" or not before or not _SHELL_OPTION.fullmatch(before[-1]):
        return False
    if any(program(one) in _PROGRAMS_WITH_TEXT for one in before):  # as in `su - app -c`
        return True
    for place in range(len(before) - 2, -1, -1):
        if program(before[place]) in _SHELLS:
            return True
        # As in `bash -o pipefail -c`. In `sh celery worker -Q a -c 8`, -c is not an option of the shell.
        is_name = place > 0 and _OPTION_WITH_NAME.fullmatch(before[place - 1])
        if not before[place].startswith("-") and not is_name:
            return False
    return False


def _in_text(
    text: str, entry: int, offset: int, behind: Sequence[Word], literal: Literal | None
) -> Iterator[Command]:
    """The commands of a text, and of a text within it. ``behind``: the words that the shell gets after it."""
    words: list[Word] = []
    is_target = False
    for token in _TOKEN.finditer(text):
        raw, start = token.group(), offset + token.start()
        match token.lastgroup:
            case "end":
                yield from _unless_text(words)
                words, is_target = [], False
            case "redirection":
                is_target = True
            case "word" if is_target:
                is_target = False
            case "word":
                if _is_text([word.text for word in words], raw):
                    is_quoted = raw[0] in "'\"" and raw[-1] == raw[0] and len(raw) > 1
                    inner = raw[1:-1] if is_quoted else raw
                    if raw[0] == '"' and literal:  # without literal, the places have to be right
                        inner = _unescaped(inner)
                    yield from _in_text(inner, entry, start + is_quoted, behind, literal)
                words += _words(raw, start, entry, behind, literal)
    yield from _unless_text(words)


def _unless_text(words: Sequence[Word]) -> Iterator[Command]:
    """The command, unless it runs a text, whose commands count instead."""
    if words and not text_places([word.text for word in words]):
        yield tuple(words)


def _words(
    raw: str, start: int, entry: int, behind: Sequence[Word], literal: Literal | None
) -> Iterator[Word]:
    end = start + len(raw)
    bare = raw[1:-1] if raw[0] == raw[-1] == '"' and len(raw) > 1 else raw
    if bare in _ALL_ARGUMENTS:
        yield from behind[1:]  # the first one is the shell's $0
    elif bare == "$0" and behind:
        yield behind[0]
    else:
        texts = _unquoted(raw, literal).split(_SEPARATOR)
        yield from (Word(one, start, end, entry) for one in texts if one or "'" in raw or '"' in raw)


def _unquoted(raw: str, literal: Literal | None) -> str:
    """The text of a word. ``_SEPARATOR`` stands where the shell splits a value that has no quotes."""

    def values(text: str, between: str = "") -> str:
        if literal is None:
            return text
        known = _ANY_OUTPUT.sub("$(...)", text)
        return _VARIABLE.sub(lambda found: _value(found, literal, between), known)

    def piece(found: re.Match[str]) -> str:
        text = found.group()
        match found.lastgroup:
            case "escaped":
                return found["escaped"].replace("\n", "")
            case "single":
                return text[1:-1]
            case "double":
                return _unescaped(values(text[1:-1]))
            case _:
                return values(text, _SEPARATOR)

    return _PIECE.sub(piece, raw)


def _unescaped(text: str) -> str:
    return _ESCAPED_IN_QUOTES.sub(lambda one: one[1] or "", text)


def _value(found: re.Match[str], literal: Literal, between: str) -> str:
    """The value of a variable, with ``between``, if it is not empty, in the place of white space."""
    value = literal(found["bare"] or found["braced"])
    default: str | None = found["default"]
    if value is None and default is None:
        return found[0]
    if value is None or (not value and found["operator"] == ":-"):
        value = (default or "").strip("'\"")
    return _WHITE_SPACE.sub(between, value) if between else value
