"""The session cookie of a browser: signed, with an end, and useless after logout."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from celery_monitor.settings import AccessSettings, Role
from celery_monitor.web.identity.caller import Caller, Source
from celery_monitor.web.identity.session_file import SessionFile

COOKIE = "celery-monitor-session"
MAX_COOKIE_LENGTH = 2048
SESSION_SECONDS = 12 * 3600.0
_MAX_ENDED = 10_000


class Sessions:
    """Makes and checks session cookies. The cookie has the identity: nothing is kept but ended sessions.

    ``file`` keeps those over a restart; without it they are forgotten.
    """

    def __init__(self, key: bytes, clock: Callable[[], float], file: SessionFile | None = None) -> None:
        self._key = key
        self._clock = clock
        self._file = file
        self._ended = dict(file.ended) if file is not None else {}

    def start(self, caller: Caller) -> tuple[str, float]:
        """The value of the cookie, and when it expires: with the credential, and after 12 hours at most."""
        assert caller.role is not None
        expires = self._clock() + SESSION_SECONDS
        if caller.expires is not None:
            expires = min(expires, caller.expires)
        content = {
            "id": secrets.token_urlsafe(12),
            "name": caller.name,
            "role": caller.role.value,
            "source": caller.source.value,
            "expires": expires,
        }
        payload = _encode(json.dumps(content, separators=(",", ":")).encode())
        return f"{payload}.{self._signature(payload)}", expires

    def caller(self, cookie: str) -> Caller | None:
        """The identity of a cookie; None if it is not valid, has expired, or was ended."""
        content = self._content(cookie)
        if content is None or content["id"] in self._ended:
            return None
        return Caller(
            content["name"],
            Role(content["role"]),
            Source(content["source"]),
            content["expires"],
            ambient=True,
        )

    def end(self, cookie: str) -> None:
        """Make a cookie useless before it expires."""
        content = self._content(cookie)
        if content is None:
            return
        now = self._clock()
        self._ended = {identity: until for identity, until in self._ended.items() if until > now}
        while len(self._ended) >= _MAX_ENDED:
            del self._ended[next(iter(self._ended))]
        self._ended[content["id"]] = content["expires"]
        if self._file is not None:
            self._file.keep_ended(self._ended)

    def _content(self, cookie: str) -> Mapping[str, Any] | None:
        payload, _, signature = cookie.partition(".")
        if len(cookie) > MAX_COOKIE_LENGTH or not cookie.isascii():
            return None
        if not hmac.compare_digest(self._signature(payload), signature):
            return None
        content: dict[str, Any] = json.loads(_decode(payload))
        return content if content["expires"] > self._clock() else None

    def _signature(self, payload: str) -> str:
        return _encode(hmac.digest(self._key, payload.encode(), "sha256"))


def session_key(access: AccessSettings, file: SessionFile | None = None) -> bytes:
    """The key that signs cookies. Other ways to log in make another key, and so end all sessions.

    Without a secret in the settings or in the file the key is random: a restart ends all sessions.
    """
    secret = access.session_secret or (secrets.token_hex(32) if file is None else file.secret)
    credentials = hashlib.sha256()
    for token in access.tokens:
        credentials.update(f"{token.name}\0{token.role}\0{token.secret}\n".encode("utf-8", "surrogatepass"))
    # The text of the settings has no secret.
    secret_of_jwt = access.jwt.secret if access.jwt else None
    credentials.update(repr((secret_of_jwt, access.jwt, access.kubernetes_tokens)).encode())
    return hmac.digest(secret.encode(), b"session" + credentials.digest(), "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
