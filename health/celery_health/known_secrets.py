"""The secret values that a program has read: a second net, which masks them wherever they turn up.

What is known belongs to the context (``contextvars``): an asyncio task that calls ``begin`` and the tasks
that it starts share secrets of their own, those of one tenant. Everything else shares those of the process.
"""

import base64
import json
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from celery_health.masking import MASK, SHOWN_PARAMETERS

SHORTEST = 8
"""Shorter values, and values of letters alone, also occur in ordinary text. They are not masked."""
MOST = 128
"""The number of values that are known: the oldest one is forgotten for a new one."""


class KnownSecrets:
    """Values, each in the forms that it takes in text."""

    def __init__(self) -> None:
        self._values: dict[str, None] = {}
        self._forms: list[str] = []

    def add(self, values: Iterable[str]) -> None:
        """Mask these from now on."""
        new = [one for one in values if one not in self._values and _is_unmistakable(one)]
        if not new:
            return
        kept = [*self._values, *new][-MOST:]
        self._values = dict.fromkeys(kept)
        # The longest first: one may begin with another.
        self._forms = sorted({form for value in kept for form in _forms(value)}, key=len, reverse=True)

    def mask(self, text: str) -> str:
        """The text with each value, in any of its forms, replaced by ``***``."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text


_known: ContextVar[KnownSecrets] = ContextVar("known secrets", default=KnownSecrets())  # noqa: B039


def begin() -> None:
    """Let this context, and the tasks that it starts from now on, know secrets of its own."""
    _known.set(KnownSecrets())


def remember(*values: str) -> None:
    """Mask these values in the texts of this context."""
    _known.get().add(values)


def remember_url(url: str) -> None:
    """Mask the passwords and the parameters of a URL, and of each URL of a failover list.

    The whole is taken as one URL as well: in the URL of a database, and in a password that should have been
    percent-encoded, ``;`` begins no other URL.
    """
    for one in dict.fromkeys((url, *url.split(";"))):
        remember(*_secrets_of(one.strip()))


def mask_known(text: str) -> str:
    """The text without the secrets that this context knows."""
    return _known.get().mask(text)


def mask_known_json(text: str) -> str:
    """A JSON document, masked without harm to its structure; the same text if no secret is in it."""
    if mask_known(text) == text:
        return text
    return json.dumps(mask_known_in(json.loads(text)), ensure_ascii=False, separators=(",", ":"))


def mask_known_in(document: Any) -> Any:
    """A JSON document with each text of it masked."""
    match document:
        case str():
            return mask_known(document)
        case dict():
            return {name: mask_known_in(value) for name, value in document.items()}
        case list():
            return [mask_known_in(one) for one in document]
    return document


def _secrets_of(url: str) -> list[str]:
    # As one of http: urlsplit treats some schemes specially.
    rest = url.partition("://")[2]
    authority = rest.rpartition("@")[0]
    user, _, password = authority.partition(":")
    try:
        query = urlsplit(f"http://{rest}").query
    except ValueError:
        query = ""
    hidden = (value for name, value in parse_qsl(query) if name.lower() not in SHOWN_PARAMETERS)
    # The last one is what HTTP encodes in a header.
    return [password, unquote(password), *hidden, unquote(authority) if user and password else ""]


def _is_unmistakable(value: str) -> bool:
    return len(value) >= SHORTEST and value.isprintable() and not value.isalpha()


def _forms(value: str) -> set[str]:
    """The value as it may be written in a URL, in JSON, in a repr, or in the data of a Secret."""
    return {
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        base64.b64encode(value.encode()).decode(),
    }
