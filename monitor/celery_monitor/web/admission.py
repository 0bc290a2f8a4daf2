"""Lets a request in: who sends it, whether that caller may, and whether it comes too often."""

import dataclasses
import hashlib
from collections import OrderedDict
from collections.abc import Callable

from aiohttp import web

from celery_monitor.settings import Role
from celery_monitor.web.identity.authentication import Authentication, bearer_token
from celery_monitor.web.identity.caller import (
    ANONYMOUS,
    Caller,
    CredentialCheckError,
    CredentialRefusedError,
)
from celery_monitor.web.identity.client import Client
from celery_monitor.web.identity.tickets import Holder, Tickets
from celery_monitor.web.limits import Limiter
from celery_monitor.web.problems import ProblemError, unavailable

_MAX_ACCEPTED = 1000
_ACCEPTED_SECONDS = 3600.0
_HOLDER = web.RequestKey("holder", Holder)


class Admission:
    """Checks every request.

    After too many failed logins of an address its credentials are no longer checked. Tokens that were
    accepted in the last hour are exempt, so that one client with a wrong token does not lock out the others
    behind the same address.
    """

    def __init__(self, authentication: Authentication, limiter: Limiter, clock: Callable[[], float]) -> None:
        self._authentication = authentication
        self._limiter = limiter
        self._clock = clock
        self._accepted: OrderedDict[bytes, float] = OrderedDict()
        self._tickets = Tickets(clock)

    async def start(self) -> None:
        """Connect to the storage of the rate limits."""
        await self._limiter.start()

    async def close(self) -> None:
        """Close the connection to the storage of the rate limits."""
        await self._limiter.close()

    async def caller(
        self,
        request: web.Request,
        client: Client,
        role: Role | None,
        limited: bool,
        ticket: str | None = None,
    ) -> Caller:
        """Who sends the request. A route that needs no role does not read credentials.

        ``ticket``: the identity is the one of this ticket, which is used up.

        Raises:
            ProblemError: 401, 429, or 503 if a credential cannot be checked now.
        """
        if role is None:
            caller = ANONYMOUS
        elif ticket is not None:
            caller = await self._ticket_caller(request, client, ticket)
        else:
            caller = await self._caller(request, client)
        if limited:
            await self._limiter.count_request(caller, client)
        if role is not None and caller.role is None:
            raise _unauthorized("This route needs a token: send the header `Authorization: Bearer TOKEN`.")
        return caller

    def ticket(self, request: web.Request, client: Client, caller: Caller) -> tuple[str, float]:
        """A ticket for the caller of this request, and when it expires (Unix time in seconds)."""

        async def still_valid() -> bool:
            return await self.still_valid(request, client, caller)

        return self._tickets.make(Holder(dataclasses.replace(caller, ambient=False), still_valid))

    async def still_valid(self, request: web.Request, client: Client, caller: Caller) -> bool:
        """Whether the credential of a request that was admitted still gives its caller the same role."""
        if _HOLDER in request:
            return await request[_HOLDER].still_valid()
        try:
            now = await self._caller(request, client)
        except ProblemError as problem:
            # The check itself may be impossible now, or come too often: that ends nothing.
            return problem.status != 401
        return (now.name, now.role) == (caller.name, caller.role)

    async def caller_of_open_route(self, request: web.Request, client: Client) -> Caller:
        """Who sends a request to a route that needs no role: ``ANONYMOUS`` if nothing proves an identity."""
        try:
            return await self._caller(request, client)
        except ProblemError:
            return ANONYMOUS

    def check_role(self, caller: Caller, role: Role | None) -> None:
        """Raises ProblemError (403) if the caller does not have the role."""
        if not caller.may(role):
            raise ProblemError(403, f"You have the role {caller.role}, and this route needs the role {role}.")

    async def token_caller(self, token: str, client: Client) -> Caller:
        """The identity of a token.

        Raises:
            ProblemError: 401, the token is not valid; 429, too many logins of this address failed; 503, the
                token cannot be checked now.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        if self._accepted.get(digest, 0.0) <= self._clock():
            await self._limiter.before_login(client)
        try:
            caller = await self._authentication.token_caller(token)
        except CredentialRefusedError as error:
            self._accepted.pop(digest, None)
            await self._limiter.failed_login(client)
            raise _unauthorized(str(error)) from None
        except CredentialCheckError as error:
            raise unavailable(str(error)) from None
        self._accepted[digest] = self._clock() + _ACCEPTED_SECONDS
        self._accepted.move_to_end(digest)
        while len(self._accepted) > _MAX_ACCEPTED:
            self._accepted.popitem(last=False)
        return caller

    async def _ticket_caller(self, request: web.Request, client: Client, ticket: str) -> Caller:
        await self._limiter.before_login(client)
        holder = self._tickets.redeem(ticket)
        if holder is None:
            await self._limiter.failed_login(client)
            raise _unauthorized("The ticket was used before, or has expired: ask for a new one.")
        request[_HOLDER] = holder
        return holder.caller

    async def _caller(self, request: web.Request, client: Client) -> Caller:
        try:
            token = bearer_token(request)
            if token is None:
                return self._authentication.without_token(request, client)
        except CredentialRefusedError as error:
            raise _unauthorized(str(error)) from None
        return await self.token_caller(token, client)


def _unauthorized(detail: str) -> ProblemError:
    return ProblemError(401, detail, {"WWW-Authenticate": 'Bearer realm="celery-monitor"'})
