"""Bearer tokens of the options."""

import hashlib
import hmac
from collections.abc import Sequence

from celery_monitor.settings import StaticToken
from celery_monitor.web.identity.caller import Caller, Source


class StaticTokens:
    """Compares a token with all configured ones, in a time that does not depend on which one is equal."""

    def __init__(self, tokens: Sequence[StaticToken]) -> None:
        self._callers = [
            (_digest(token.secret), Caller(token.name, token.role, Source.TOKEN)) for token in tokens
        ]

    async def caller(self, token: str) -> Caller | None:
        """The identity of the token, None if no configured token is equal."""
        digest = _digest(token)
        found = None
        for known, caller in self._callers:
            if hmac.compare_digest(known, digest):
                found = caller
        return found


def _digest(token: str) -> bytes:
    # Digests have one length, and the comparison takes the same time for all of them.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
