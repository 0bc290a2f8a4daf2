"""Finds the caller of a request."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from celery_monitor.web.identity.caller import ANONYMOUS, Caller, CredentialRefusedError

MAX_TOKEN_LENGTH = 8192
_NOT_VALID = "The token is not valid."


class TokenCheck(Protocol):
    """One kind of bearer token."""

    async def caller(self, token: str) -> Caller | None:
        """The identity of the token, None if the token is of another kind.

        Raises:
            CredentialRefusedError: the token is of this kind and not valid.
        """


class Authentication:
    """Every way to prove an identity, in the order of the checks."""

    def __init__(self, tokens: Sequence[TokenCheck]) -> None:
        self._tokens = tokens

    async def caller(self, request: web.Request) -> Caller:
        """The caller of a request; ``ANONYMOUS`` if the request has no credential.

        Raises:
            CredentialRefusedError: the request has a credential that is not valid.
        """
        token = bearer_token(request)
        return ANONYMOUS if token is None else await self.token_caller(token)

    async def token_caller(self, token: str) -> Caller:
        """The identity of a bearer token.

        Raises:
            CredentialRefusedError: the token is not valid.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise CredentialRefusedError(f"The token is longer than {MAX_TOKEN_LENGTH} characters.")
        refusal = _NOT_VALID
        for check in self._tokens:
            try:
                caller = await check.caller(token)
            except CredentialRefusedError as error:
                refusal = str(error)
                continue
            if caller is not None:
                return caller
        raise CredentialRefusedError(refusal)


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
