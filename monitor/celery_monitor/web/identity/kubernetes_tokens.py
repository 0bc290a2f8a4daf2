"""Tokens of Kubernetes: a user's, or a service account's."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from celery_monitor.web.identity.caller import Caller, CredentialRefusedError

Review = Callable[[str], Awaitable[Caller | None]]
"""Has the API server check a token. None: the token is not valid.

Raises CredentialCheckError if the API server does not answer.
"""

ACCEPTED_SECONDS = 60.0
REFUSED_SECONDS = 10.0
_MAX_REMEMBERED = 1000


class KubernetesTokens:
    """Asks the API server, and remembers its decision about a token for a minute."""

    def __init__(self, review: Review, clock: Callable[[], float]) -> None:
        self._review = review
        self._clock = clock
        self._remembered: OrderedDict[bytes, tuple[float, Caller | None]] = OrderedDict()

    async def caller(self, token: str) -> Caller | None:
        """The identity of the token.

        Raises:
            CredentialRefusedError: the API server refuses the token, or its user has no role.
            CredentialCheckError: the API server does not answer.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        until, caller = self._remembered.get(digest, (0.0, None))
        if until <= self._clock():
            caller = await self._review(token)
            self._remember(digest, caller)
        if caller is None:
            raise CredentialRefusedError("The token is not valid.")
        if caller.role is None:
            raise CredentialRefusedError(
                f"{caller.name} has no role here: it needs the permission to get CeleryDeployments."
            )
        return caller

    def _remember(self, digest: bytes, caller: Caller | None) -> None:
        seconds = REFUSED_SECONDS if caller is None or caller.role is None else ACCEPTED_SECONDS
        until = self._clock() + seconds
        if caller is not None and caller.expires is not None:
            until = min(until, caller.expires)
        self._remembered[digest] = (until, caller)
        self._remembered.move_to_end(digest)
        while len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)
