"""Masks secrets in what the programs say, and in text that shows a task's arguments, result or headers.

The text is never evaluated.
"""

import re

from celery_health.known_secrets import mask_known
from celery_health.masking import (
    MASK,
    SECRET_NAMES,
    end_of_string,
    mask_recognised,
    mask_urls,
    name_pattern,
)

MAX_SHOWN = 4096
"""The characters of one text that are shown."""
_MAX_READ = 4 * MAX_SHOWN
"""The characters that are read: masking makes a text shorter."""
_OPENING = re.compile(r"[bBuUrRfF]{0,2}(?P<quote>\\*['\"])")
_SCHEME = re.compile(r"\b(Bearer|Basic)\s+[^\s'\"\\]+", re.IGNORECASE)
_AFTER_PLAIN_VALUE = re.compile(r"[,)\]}'\"\n]")


def redact(text: str) -> str:
    """The text of a message, a log line or an Event without secrets: each is replaced by ``***``."""
    return mask_known(mask_recognised(text))


class Redaction:
    """Masks the values of names that contain one of ``names``, in any case, with ``_``, ``-`` or neither."""

    def __init__(self, names: tuple[str, ...] = SECRET_NAMES) -> None:
        name = name_pattern(names)
        self._name = re.compile(name, re.IGNORECASE)
        # After such a name: its closing quote, and what separates it from its value, also in a pair:
        # ('password', 'x').
        self._before_value = re.compile(
            rf"{name}(?:\\*['\"]\s{{0,8}},|\\*['\"]?\s{{0,8}}(?:=>|[:=]))\s{{0,8}}", re.IGNORECASE
        )

    def is_secret(self, name: str) -> bool:
        """Whether the value of this name is masked."""
        return self._name.search(name) is not None

    def masked(self, text: str) -> str:
        """The text with the values of secret names, and the credentials of URLs and HTTP, replaced."""
        text = _SCHEME.sub(rf"\1 {MASK}", mask_known(mask_urls(text)))
        parts, position = [], 0
        while found := self._before_value.search(text, position):
            parts += [text[position : found.end()], MASK]
            position = _end_of_value(text, found.end())
        return "".join([*parts, text[position:]])


_DEFAULT = Redaction()


def is_secret(name: str) -> bool:
    """Whether the value of this name is masked."""
    return _DEFAULT.is_secret(name)


def shown(text: str) -> str:
    """The text without secrets and control characters, at most ``MAX_SHOWN`` characters of it."""
    masked = printable(_DEFAULT.masked(text[:_MAX_READ]))
    if len(masked) <= MAX_SHOWN and len(text) <= _MAX_READ:
        return masked
    return f"{masked[:MAX_SHOWN]}... (cut; {len(text)} characters in all)"


def printable(text: str) -> str:
    """The text with each control character, which could change a terminal, as its escape sequence."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _end_of_value(text: str, start: int) -> int:
    """Where the value ends that begins at ``start``: the end of the text if the value is not complete."""
    if opening := _OPENING.match(text, start):
        return end_of_string(text, opening.end(), opening["quote"])
    if text[start : start + 1] in {"(", "[", "{"}:
        return _end_of_brackets(text, start)
    end = _AFTER_PLAIN_VALUE.search(text, start)
    return end.start() if end else len(text)


def _end_of_brackets(text: str, start: int) -> int:
    depth, position = 0, start
    while position < len(text):
        if opening := _OPENING.match(text, position):
            position = end_of_string(text, opening.end(), opening["quote"])
            continue
        depth += (text[position] in "([{") - (text[position] in ")]}")
        position += 1
        if depth == 0:
            return position
    return len(text)
