"""Where broker and result backend of a CeleryDeployment are: a URL under a Secret's key."""

from base64 import b64decode

from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.references import SecretKeyReference
from celery_operator.kinds import SECRET
from celery_operator.kube import RefusedError
from celery_operator.observe.configuration import ConfigurationReader
from celery_operator.resources.object_faults import secret_forbidden
from celery_operator.snapshot import ConfigurationFault


class UrlMissingError(Exception):
    """The URL cannot be had; ``fault`` says what to create."""

    def __init__(self, fault: ConfigurationFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class SecretUrls:
    """URLs from the Secrets of one namespace."""

    def __init__(self, namespace: str, reader: ConfigurationReader) -> None:
        self._namespace = namespace
        self._reader = reader

    async def get(self, reference: SecretKeyReference, scheme_example: str) -> str:
        """The URL under a key. Raises UrlMissingError, and has the Secret read again soon."""
        try:
            return await self._url(reference, scheme_example)
        except UrlMissingError:
            self.refuse(reference)
            raise

    def refuse(self, reference: SecretKeyReference) -> None:
        """The server refused the URL: the Secret is read again soon."""
        self._reader.refuse((SECRET, reference.name))

    async def _url(self, reference: SecretKeyReference, example: str) -> str:
        try:
            data = await self._reader.get((SECRET, reference.name))
        except RefusedError as error:
            raise UrlMissingError(secret_forbidden(reference.name, error.message)) from error
        if data is None:
            raise UrlMissingError(self._missing(ConfigurationReason.SECRET_MISSING, reference, example))
        url = _decoded(data.get(reference.key, ""))
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
