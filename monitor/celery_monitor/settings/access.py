"""Who may use the monitor, and how often."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from celery_monitor.settings.private_file import read_private
from celery_monitor.settings.problem import SettingsError

MIN_TOKEN_LENGTH = 16
MAX_TOKENS = 1000
_MOST_BYTES = 8 * 1024 * 1024
"""Of the token file: twice what the longest tokens need."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}\Z")
_RATE = re.compile(r"([1-9][0-9]{0,5})/(second|minute|hour)\Z")
_PERIODS = {"second": 1, "minute": 60, "hour": 3600}


class Role(StrEnum):
    """What an identity may do: a viewer reads, an operator also changes tasks and workers, an admin all."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do everything that the other one may."""
        order = tuple(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A bearer token from the options. ``name`` is the identity that the audit shows."""

    name: str
    role: Role
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class JwtSettings:
    """How JSON Web Tokens are checked: by a shared secret (HS256) or by the keys of an issuer, never both."""

    secret: str | None = field(default=None, repr=False)
    jwks_url: str | None = None
    issuer: str | None = None
    audience: str | None = None
    role_claim: str = "role"
    """The claim with the role: a role's name, or a list with a role's name in it."""


@dataclass(frozen=True, slots=True)
class ProxyIdentity:
    """A proxy that logs its users in names them in a header. All of them have one role."""

    header: str
    role: Role = Role.VIEWER


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``requests`` in ``seconds``."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may use the monitor. Without any of these only a login link of the terminal gives access."""

    tokens: tuple[StaticToken, ...] = ()
    jwt: JwtSettings | None = None
    kubernetes_tokens: bool = False
    """Accept tokens of Kubernetes, checked by TokenReview."""
    push_token: str | None = field(default=None, repr=False)
    """The token with which the operator sends what it knows of its resource."""
    login_link: bool = False
    """Print a login link although there are other ways to log in."""
    proxy_identity: ProxyIdentity | None = None
    """Counts only in requests of the proxies in the settings of the server."""
    session_secret: str | None = field(default=None, repr=False)
    """Signs session cookies. None: one that is kept beside an SQLite file, or a random one."""
    metrics_public: bool = False
    """Serve /metrics without a token."""
    rate_limit: RateLimit | None = None
    """For each identity, and for each address without one. None: no limit."""

    @property
    def configured(self) -> bool:
        """Whether a client can log in without the terminal."""
        ways = (self.tokens, self.jwt, self.kubernetes_tokens, self.proxy_identity)
        return any(ways)


def parse_rate_limit(text: str) -> RateLimit | None:
    """``300/minute``, or ``none``.

    Raises:
        SettingsError: the text is neither.
    """
    if text == "none":
        return None
    found = _RATE.match(text)
    if found is None:
        raise SettingsError(f"{text!r} is not a rate: write 300/minute, 10/second, 5000/hour or none")
    return RateLimit(int(found[1]), _PERIODS[found[2]])


def check_token(secret: str, what: str) -> str:
    """The token itself.

    Raises:
        SettingsError: it can be guessed, or cannot be sent in a header.
    """
    if not _TOKEN.match(secret):
        raise SettingsError(f"{what} has characters that a header cannot carry: use letters and digits")
    if len(secret) < MIN_TOKEN_LENGTH:
        raise SettingsError(
            f"{what} has fewer than {MIN_TOKEN_LENGTH} characters: make one with `openssl rand -hex 24`"
        )
    return secret


def read_tokens(file: Path) -> tuple[StaticToken, ...]:
    """The tokens of a file: one ``NAME ROLE TOKEN`` a line; ``#`` begins a comment.

    Raises:
        SettingsError: the file cannot be read, every user can change it, or a line cannot be used.
    """
    text = read_private(file, "the token file", _MOST_BYTES)
    found: dict[str, StaticToken] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        token = _token(words, f"line {number} of {file}")
        if token.name in found:
            raise SettingsError(f"line {number} of {file} names {token.name!r} again: give each token a name")
        found[token.name] = token
    if not found:
        raise SettingsError(f"the token file {file} has no token: write NAME ROLE TOKEN, one a line")
    if len(found) > MAX_TOKENS:
        raise SettingsError(f"the token file {file} has more than {MAX_TOKENS} tokens")
    return tuple(found.values())


def _token(words: list[str], place: str) -> StaticToken:
    # The words are not quoted: a token may stand in the wrong place.
    if len(words) != 3 or words[1] not in tuple(Role) or not _NAME.match(words[0]):
        raise SettingsError(f"{place} is not NAME ROLE TOKEN, with the role viewer, operator or admin")
    return StaticToken(words[0], Role(words[1]), check_token(words[2], f"the token in {place}"))
