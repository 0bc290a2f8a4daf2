"""Finds the caller of a request: by a bearer token, the session cookie, or the header of a proxy."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from celery_monitor.settings import ProxyIdentity
from celery_monitor.web.identity.caller import (
    ANONYMOUS,
    Caller,
    CredentialCheckError,
    CredentialRefusedError,
    Source,
    is_name,
)
from celery_monitor.web.identity.client import Client
from celery_monitor.web.identity.sessions import COOKIE, Sessions

MAX_TOKEN_LENGTH = 8192


class TokenCheck(Protocol):
    """One kind of bearer token."""

    async def caller(self, token: str) -> Caller | None:
        """The identity of the token, None if the token is of another kind.

        Raises:
            CredentialRefusedError: the token is of this kind and not valid.
            CredentialCheckError: the token cannot be checked now.
        """


class Authentication:
    """Every way to prove an identity. ``tokens`` are checked in their order."""

    def __init__(
        self, tokens: Sequence[TokenCheck], sessions: Sessions, proxy: ProxyIdentity | None = None
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._proxy = proxy

    def without_token(self, request: web.Request, client: Client) -> Caller:
        """The caller of a request that has no bearer token; ``ANONYMOUS`` if nothing proves an identity.

        Raises:
            CredentialRefusedError: the session has ended, or the header of the proxy names no identity.
        """
        cookie = request.cookies.get(COOKIE)
        if cookie:
            caller = self._sessions.caller(cookie)
            if caller is None:
                raise CredentialRefusedError("The session has ended: log in again.")
            return caller
        return self._of_proxy(request, client) or ANONYMOUS

    async def token_caller(self, token: str) -> Caller:
        """The identity of a bearer token.

        Raises:
            CredentialRefusedError: the token is not valid.
            CredentialCheckError: no other check accepts the token, and one cannot be made now.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise CredentialRefusedError(f"The token is longer than {MAX_TOKEN_LENGTH} characters.")
        refusal: CredentialRefusedError | CredentialCheckError | None = None
        for check in self._tokens:
            try:
                caller = await check.caller(token)
            except CredentialRefusedError as error:
                refusal = refusal or error
            except CredentialCheckError as error:
                refusal = error
            else:
                if caller is not None:
                    return caller
        raise refusal or CredentialRefusedError("The token is not valid.")

    def _of_proxy(self, request: web.Request, client: Client) -> Caller | None:
        if self._proxy is None or not client.trusted_proxy:
            return None
        names = request.headers.getall(self._proxy.header, [])
        if not names:
            return None
        if len(names) > 1 or not is_name(names[0].strip()):
            raise CredentialRefusedError(f"The proxy's header {self._proxy.header} names no identity.")
        return Caller(names[0].strip(), self._proxy.role, Source.PROXY, ambient=True)


def bearer_token(request: web.Request) -> str | None:
    """The token of the header Authorization, None without that header.

    Raises:
        CredentialRefusedError: the header is not ``Bearer TOKEN``, or the request has two of them.
    """
    given = request.headers.getall("Authorization", [])
    if not given:
        return None
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise CredentialRefusedError("The header Authorization cannot be used: write `Bearer TOKEN`.")
    return token.strip()
