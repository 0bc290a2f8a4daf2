"""Callers: the identities that requests act for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeGuard

from celery_monitor.settings import Role


class Source(StrEnum):
    """How a caller proved its identity."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 (a name)
    JWT = "jwt"
    KUBERNETES = "kubernetes"
    PROXY = "proxy"
    LINK = "link"


@dataclass(frozen=True)
class Caller:
    """An identity. ``role`` None: the caller has no identity, and may use open routes alone.

    ``expires``: Unix time in seconds at which the proof of the identity ends, None if it does not.
    ``ambient``: a browser sends the proof by itself, also for another site's page: the session cookie, or the
    header that a proxy adds.
    """

    name: str
    role: Role | None
    source: Source
    expires: float | None = None
    ambient: bool = False

    def may(self, needed: Role | None) -> bool:
        """Whether the caller has at least the role that a route needs."""
        return needed is None or (self.role is not None and self.role.includes(needed))


ANONYMOUS = Caller("anonymous", None, Source.NONE)

MAX_NAME_LENGTH = 255


class CredentialRefusedError(Exception):
    """A credential is not valid. The message says why, has no secret, and goes to the client."""


class CredentialCheckError(Exception):
    """A credential cannot be checked now, because another server is away. The message goes to the client."""


def is_name(text: object) -> TypeGuard[str]:
    """Whether a text from outside can be the name of a caller: printable, without control characters."""
    return isinstance(text, str) and 0 < len(text) <= MAX_NAME_LENGTH and text.isprintable()
