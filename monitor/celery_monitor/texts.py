"""Texts that events carry, shortened and without secrets, before anything keeps them."""

import re
from collections.abc import Sequence

from celery_health.masking import SECRET_NAMES
from celery_health.redaction import Redaction

MAX_TEXT = 4096
"""The characters that are kept of arguments, a result or an exception."""
MAX_TRACEBACK = 16_384
"""The characters that are kept of a traceback: its end, where the exception is."""
CUT = "..."
"""Stands where something was left out. Celery marks its own shortened arguments in the same way."""
_READ_TIMES = 2
# No name, URL or scheme of a secret fits into a shorter text.
_TOO_SHORT = 5
_OTHER_SIGNS = ("://", ":\\/", "%3a%2f%2f", "bearer", "basic")


class Texts:
    """Shortens texts and masks secrets in them. ``secret_names``: see ``celery_health.redaction``."""

    def __init__(self, secret_names: Sequence[str] = SECRET_NAMES) -> None:
        self._redaction = Redaction(tuple(secret_names))
        # A text without any of these has nothing to mask. Finding that out takes half a microsecond.
        self._signs = (*dict.fromkeys(map(_sign, secret_names)), *_OTHER_SIGNS)

    def shown(self, text: str, limit: int = MAX_TEXT) -> str:
        """At most ``limit`` characters from the beginning of the text."""
        length = len(text)
        if length < _TOO_SHORT:
            return text
        if length > limit:
            text = text[: _READ_TIMES * limit]
        text = self._masked(text)
        return (
            text if len(text) <= limit and length <= _READ_TIMES * limit else text[: limit - len(CUT)] + CUT
        )

    def traceback(self, text: str) -> str:
        """At most ``MAX_TRACEBACK`` characters from the end of the text."""
        cut = len(text) > MAX_TRACEBACK
        if cut:
            text = text[-_READ_TIMES * MAX_TRACEBACK :]
        text = self._masked(text)
        return CUT + text[len(CUT) - MAX_TRACEBACK :] if cut or len(text) > MAX_TRACEBACK else text

    def is_secret(self, name: str) -> bool:
        """Whether the value of this name must not be shown."""
        return self._redaction.is_secret(name)

    def _masked(self, text: str) -> str:
        if "\x00" in text:
            text = text.replace("\x00", "\\x00")  # PostgreSQL stores no NUL in a text
        lower = text.lower()
        for sign in self._signs:
            if sign in lower:
                return self._redaction.masked(text)
        return text


def _sign(name: str) -> str:
    """A part of the name that every spelling of the name contains."""
    parts = [part for part in re.split(r"[_-]", name.lower()) if len(part) > 2]
    return parts[-1] if parts else name.lower().strip("_-")[:1]
