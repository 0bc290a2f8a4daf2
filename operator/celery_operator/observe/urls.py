"""Where broker and result backend of a CeleryDeployment are: from the spec, or from a Secret's key."""

import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.references import SecretKeyReference
from celery_operator.kinds import Json
from celery_operator.kube import RefusedError
from celery_operator.snapshot import ConfigurationFault

KEEP_SECONDS = 30.0

GetSecret = Callable[[str], Awaitable[Json | None]]
"""Gets a Secret of the resource's own namespace by name; None where there is none."""


class UrlMissingError(Exception):
    """The URL cannot be had; ``fault`` says what to create."""

    def __init__(self, fault: ConfigurationFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class _KeptUrl:
    url: str
    until: float


class SecretUrls:
    """URLs from Secrets, kept for half a minute: a Secret that changes is noticed, at little cost."""

    def __init__(
        self, namespace: str, get_secret: GetSecret, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._namespace = namespace
        self._get_secret = get_secret
        self._clock = clock
        self._kept: dict[tuple[str, str], _KeptUrl] = {}

    async def get(self, reference: SecretKeyReference, scheme_example: str) -> str:
        """The URL under a key. Raises UrlMissingError, and reads the Secret again at the next call."""
        place = reference.name, reference.key
        kept = self._kept.get(place)
        if kept and self._clock() < kept.until:
            return kept.url
        self._kept.pop(place, None)
        try:
            secret = await self._get_secret(reference.name)
        except RefusedError as error:
            raise UrlMissingError(_not_allowed(reference, error)) from error
        if secret is None:
            raise UrlMissingError(
                self._missing(ConfigurationReason.SECRET_MISSING, reference, scheme_example)
            )
        url = _decoded((secret.get("data") or {}).get(reference.key, ""))
        if not url:
            raise UrlMissingError(
                self._missing(ConfigurationReason.SECRET_KEY_MISSING, reference, scheme_example)
            )
        self._kept[place] = _KeptUrl(url, self._clock() + KEEP_SECONDS)
        return url

    def forget(self, reference: SecretKeyReference) -> None:
        """Read the Secret again next time: its URL was refused."""
        self._kept.pop((reference.name, reference.key), None)

    def _missing(
        self, reason: ConfigurationReason, reference: SecretKeyReference, example: str
    ) -> ConfigurationFault:
        verdict = Verdict(reason, (reference.name,), {"key": reference.key, "example": example})
        return ConfigurationFault.of(verdict, self._namespace)


def _not_allowed(reference: SecretKeyReference, error: RefusedError) -> ConfigurationFault:
    verdict = Verdict(ConfigurationReason.SECRET_FORBIDDEN, (reference.name,), {"answer": error.message})
    return ConfigurationFault.of(verdict)


def _decoded(encoded: str) -> str:
    try:
        return b64decode(encoded, validate=True).decode().strip()
    except ValueError:
        return ""
