"""Where broker and result backend of a CeleryDeployment are: from the spec, or from a Secret's key."""

import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.references import SecretKeyReference
from celery_operator.backoff import Backoff, spread
from celery_operator.kinds import Json
from celery_operator.kube import RefusedError
from celery_operator.resources.object_faults import secret_forbidden
from celery_operator.snapshot import ConfigurationFault

KEEP_SECONDS = 60.0
"""How long a URL is kept at most."""
AGAIN = Backoff(first=1.0, limit=15.0)
"""Before the second and each further read of a Secret that lacks the URL, or whose URL the server refuses."""

GetSecret = Callable[[str], Awaitable[Json | None]]
"""Gets a Secret of the resource's own namespace by name; None where there is none."""


class UrlMissingError(Exception):
    """The URL cannot be had; ``fault`` says what to create."""

    def __init__(self, fault: ConfigurationFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the last read of a Secret gave, a URL or a fault, and how many reads gave nothing usable.

    ``refused``: the server has refused the URL since it was read.
    """

    until: float
    url: str = ""
    fault: ConfigurationFault | None = None
    in_vain: int = 0
    refused: bool = False


class SecretUrls:
    """URLs from Secrets, kept for a minute: a Secret that changes is noticed, at little cost."""

    def __init__(
        self, namespace: str, get_secret: GetSecret, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._namespace = namespace
        self._get_secret = get_secret
        self._clock = clock
        self._kept: dict[tuple[str, str], _Kept] = {}

    async def get(self, reference: SecretKeyReference, scheme_example: str) -> str:
        """The URL under a key. Raises UrlMissingError, and reads the Secret again soon."""
        place = reference.name, reference.key
        kept = self._kept.get(place)
        if kept is None or self._clock() >= kept.until:
            kept = self._kept[place] = await self._read(reference, scheme_example, kept)
        if kept.fault is not None:
            raise UrlMissingError(kept.fault)
        return kept.url

    def refuse(self, reference: SecretKeyReference) -> None:
        """The server refused the URL: read the Secret again, at once the first time."""
        place = reference.name, reference.key
        kept = self._kept.get(place)
        if kept is not None and not kept.refused:
            again = self._clock() + AGAIN.pause(kept.in_vain)
            self._kept[place] = replace(
                kept, until=min(kept.until, again), in_vain=kept.in_vain + 1, refused=True
            )

    async def _read(self, reference: SecretKeyReference, example: str, before: _Kept | None) -> _Kept:
        try:
            url = await self._url(reference, example)
        except UrlMissingError as error:
            in_vain = before.in_vain if before and before.fault else 0
            return _Kept(self._clock() + AGAIN.pause(in_vain), fault=error.fault, in_vain=in_vain + 1)
        in_vain = before.in_vain if before and before.url == url and before.refused else 0
        return _Kept(self._clock() + spread(KEEP_SECONDS), url, in_vain=in_vain)

    async def _url(self, reference: SecretKeyReference, example: str) -> str:
        try:
            secret = await self._get_secret(reference.name)
        except RefusedError as error:
            raise UrlMissingError(secret_forbidden(reference.name, error.message)) from error
        if secret is None:
            raise UrlMissingError(self._missing(ConfigurationReason.SECRET_MISSING, reference, example))
        url = _decoded((secret.get("data") or {}).get(reference.key, ""))
        if not url:
            raise UrlMissingError(self._missing(ConfigurationReason.SECRET_KEY_MISSING, reference, example))
        return url

    def _missing(
        self, reason: ConfigurationReason, reference: SecretKeyReference, example: str
    ) -> ConfigurationFault:
        verdict = Verdict(reason, (reference.name,), {"key": reference.key, "example": example})
        return ConfigurationFault.of(verdict, self._namespace)


def _decoded(encoded: str) -> str:
    try:
        return b64decode(encoded, validate=True).decode().strip()
    except ValueError:
        return ""
