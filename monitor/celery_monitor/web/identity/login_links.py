"""One-time login links, which the program prints in its terminal."""

import hashlib
import secrets
from collections.abc import Callable

from celery_monitor.settings import Role
from celery_monitor.web.identity.caller import Caller, Source

LINK_SECONDS = 600.0
_MAX_LINKS = 100


class LoginLinks:
    """Makes links and takes each one once. A link expires after 10 minutes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._links: dict[bytes, float] = {}

    def make(self) -> str:
        """The secret part of a new link: the path is ``/login/`` and this part."""
        while len(self._links) >= _MAX_LINKS:
            del self._links[next(iter(self._links))]
        secret = secrets.token_urlsafe(32)
        self._links[_digest(secret)] = self._clock() + LINK_SECONDS
        return secret

    def redeem(self, secret: str) -> Caller | None:
        """The identity of a link, which is used up; None if it was used before, or has expired."""
        # The digest is searched, not the secret: the time of the search says nothing of the secret.
        expires = self._links.pop(_digest(secret), 0.0)
        if expires <= self._clock():
            return None
        return Caller("terminal", Role.ADMIN, Source.LINK)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
