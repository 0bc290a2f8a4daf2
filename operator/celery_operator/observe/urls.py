"""Where broker and result backend of a CeleryDeployment are: from the spec, or from a Secret's key."""

import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from celery_operator.api.spec import SecretKeyReference
from celery_operator.kinds import Json
from celery_operator.kube import RefusedError
from celery_operator.snapshot import ConfigurationFault

SECRET_MISSING = "SecretMissing"  # noqa: S105 - a reason, not a secret
SECRET_FORBIDDEN = "SecretForbidden"  # noqa: S105
SECRET_KEY_MISSING = "SecretKeyMissing"  # noqa: S105

KEEP_SECONDS = 30.0

GetSecret = Callable[[str], Awaitable[Json | None]]
"""Gets a Secret of the resource's own namespace by name; None where there is none."""


class UrlMissingError(Exception):
    """The URL cannot be had; ``fault`` says what to create."""

    def __init__(self, fault: ConfigurationFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class _Held:
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
        self._held: dict[tuple[str, str], _Held] = {}

    async def get(self, reference: SecretKeyReference, scheme_example: str) -> str:
        """The URL that a key holds. Raises UrlMissingError, and then looks again at the next call."""
        place = reference.name, reference.key
        held = self._held.get(place)
        if held and self._clock() < held.until:
            return held.url
        self._held.pop(place, None)
        try:
            secret = await self._get_secret(reference.name)
        except RefusedError as error:
            raise UrlMissingError(_not_allowed(reference, error)) from error
        if secret is None:
            raise UrlMissingError(self._secret_missing(reference, scheme_example))
        url = _decoded((secret.get("data") or {}).get(reference.key, ""))
        if not url:
            raise UrlMissingError(self._key_missing(reference, scheme_example))
        self._held[place] = _Held(url, self._clock() + KEEP_SECONDS)
        return url

    def forget(self, reference: SecretKeyReference) -> None:
        """Read the Secret again next time: what it held was refused."""
        self._held.pop((reference.name, reference.key), None)

    def _secret_missing(self, reference: SecretKeyReference, example: str) -> ConfigurationFault:
        command = (
            f"kubectl -n {self._namespace} create secret generic {reference.name} "
            f"--from-literal={reference.key}={example}"
        )
        message = (
            f"Secret {reference.name} with the key {reference.key} is missing: create the Secret with the URL"
        )
        return ConfigurationFault(SECRET_MISSING, message, waiting=True, command=command)

    def _key_missing(self, reference: SecretKeyReference, example: str) -> ConfigurationFault:
        command = (
            f"kubectl -n {self._namespace} patch secret {reference.name} "
            f'-p \'{{"stringData":{{"{reference.key}":"{example}"}}}}\''
        )
        message = (
            f"Secret {reference.name} has no text under the key {reference.key}: add the URL under this key"
        )
        return ConfigurationFault(SECRET_KEY_MISSING, message, waiting=True, command=command)


def _not_allowed(reference: SecretKeyReference, error: RefusedError) -> ConfigurationFault:
    message = f"The operator may not read Secret {reference.name}, allow it to get Secrets: {error.message}"
    return ConfigurationFault(SECRET_FORBIDDEN, message, waiting=True)


def _decoded(encoded: str) -> str:
    try:
        return b64decode(encoded, validate=True).decode().strip()
    except ValueError:
        return ""
