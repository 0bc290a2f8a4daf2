"""The public keys of an issuer of JSON Web Tokens, fetched when they are needed."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt

from celery_monitor.web.identity.bounded import read_json
from celery_monitor.web.identity.caller import CredentialCheckError

logger = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
MAX_KEYS = 100
TIMEOUT_SECONDS = 5.0
FRESH_SECONDS = 600.0
PAUSE_SECONDS = 10.0
STALE_SECONDS = 24 * 3600.0
_MIN_RSA_BITS = 2048
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}


@dataclass(frozen=True)
class PublicKey:
    """A key and the one algorithm that it is used with: the type of the key decides it, never the token."""

    identity: str | None
    key: Any
    algorithm: str


class KeySet:
    """The keys at a URL. They are fetched again after 10 minutes, and when a token names an unknown key.

    An unknown key causes at most one request in 10 seconds. While the issuer is away, keys of the last 24
    hours are used.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: tuple[PublicKey, ...] = ()
        self._fetched: float | None = None
        self._tried: float | None = None

    async def key(self, identity: str | None) -> PublicKey | None:
        """The key with this id, or the only key if the token names none; None if there is no such key.

        Raises:
            CredentialCheckError: the issuer does not answer, and no keys of it are known.
        """
        found = self._find(identity)
        if found is None or self._age(self._fetched) > FRESH_SECONDS:
            async with self._lock:
                if self._age(self._tried) > PAUSE_SECONDS:
                    await self._refresh()
            found = self._find(identity)
        if self._age(self._fetched) > STALE_SECONDS:
            raise CredentialCheckError("The issuer of the tokens does not answer: tokens cannot be checked.")
        return found

    def _find(self, identity: str | None) -> PublicKey | None:
        if identity is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.identity == identity), None)

    def _age(self, since: float | None) -> float:
        return float("inf") if since is None else self._clock() - since

    async def _refresh(self) -> None:
        self._tried = self._clock()
        try:
            self._keys = read_keys(await self._fetch())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            logger.warning("The keys of the issuer cannot be fetched: %s", type(error).__name__)
            return
        self._fetched = self._clock()

    async def _fetch(self) -> Any:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
            session.get(self._url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            return await read_json(response, MAX_BYTES)


def read_keys(document: Any) -> tuple[PublicKey, ...]:
    """The usable keys of a document: RSA of 2048 bits and more, and the curve P-256, for signatures.

    Raises:
        ValueError: the document is not a set of keys, or has no usable key.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a set of keys")
    keys = [key for entry in entries[:MAX_KEYS] if (key := _read_key(entry)) is not None]
    if not keys:
        raise ValueError("no usable key")
    return tuple(keys)


def _read_key(entry: Any) -> PublicKey | None:
    """The key of an entry. A symmetric key (``oct``) is never used: its holder could sign tokens itself."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    algorithm = _ALGORITHMS.get(str(entry.get("kty")))
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if algorithm == "RS256" and key.key_size < _MIN_RSA_BITS:
        return None
    if algorithm == "ES256" and key.curve.name != "secp256r1":
        return None
    identity = entry.get("kid")
    return PublicKey(identity if isinstance(identity, str) else None, key, algorithm)
