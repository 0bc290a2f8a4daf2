"""Sends messages to a URL."""

import json
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from socket import AF_UNSPEC, AddressFamily

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from celery_health.tls import client_context
from celery_monitor.alerts.channels.addresses import Endpoint, Networks, lookup
from celery_monitor.alerts.channels.formats import FORMATS
from celery_monitor.alerts.channels.identity import message_id
from celery_monitor.alerts.channels.signature import signed_headers
from celery_monitor.alerts.notification import ChannelError, Notification
from celery_monitor.settings.alerts.channels import WebhookSettings

SECONDS = 15.0
MAX_RETRY_AFTER = 3600.0
_USER_AGENT = "celery-monitor"
_ADVICE = {
    HTTPStatus.UNAUTHORIZED: "correct the secret in its header or URL",
    HTTPStatus.FORBIDDEN: "correct the secret in its header or URL",
    HTTPStatus.NOT_FOUND: "correct its URL",
    HTTPStatus.GONE: "make a new webhook there and correct its URL",
}


class Webhook:
    """One receiver. No redirect is followed, and nothing that the receiver answers is read or shown."""

    def __init__(
        self,
        settings: WebhookSettings,
        allowed: Networks = (),
        *,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._url = URL(settings.url)
        self._allowed = allowed
        self._seconds = seconds
        self._clock = clock

    @property
    def name(self) -> str:
        """What the settings call it."""
        return self._settings.name

    async def send(self, notification: Notification) -> None:
        """Deliver a message once.

        Raises:
            ChannelError: the receiver did not take it.
        """
        document = FORMATS[self._settings.format](notification, self.name)
        body = json.dumps(document, ensure_ascii=False).encode()
        host = self._url.host or ""
        endpoints = await lookup(host, self._url.port or 0, self._allowed)
        try:
            answer = await self._post(body, self._headers(body, notification), endpoints)
        except TimeoutError:
            raise ChannelError(f"{host} did not answer within {self._seconds:.0f} s.") from None
        except aiohttp.ClientConnectorCertificateError:
            raise ChannelError(f"The certificate of {host} cannot be verified.") from None
        except aiohttp.ClientResponseError:
            raise ChannelError(
                f"{host} gave an answer that is not valid HTTP: correct the scheme and the port of the URL."
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            # The text of the exception can have the URL in it, which is a secret.
            raise ChannelError(f"{host} cannot be reached: {_cause(error)}.") from None
        _check(answer, host, self._clock())

    def _headers(self, body: bytes, notification: Notification) -> dict[str, str]:
        settings = self._settings
        headers = {"Content-Type": "application/json", "User-Agent": _USER_AGENT}
        if settings.header is not None:
            headers[settings.header.name] = settings.header.value
        if settings.signing_secret is not None:
            sent = message_id(notification, self.name)
            headers |= signed_headers(body, settings.signing_secret, sent, self._clock())
        return headers

    async def _post(
        self, body: bytes, headers: dict[str, str], endpoints: list[Endpoint]
    ) -> aiohttp.ClientResponse:
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(endpoints), use_dns_cache=False, force_close=True, ssl=client_context()
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return answer


class _Pinned(AbstractResolver):
    """Knows only the addresses that were checked."""

    def __init__(self, endpoints: list[Endpoint]) -> None:
        self._endpoints = endpoints

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one.address, port=port, family=one.family, proto=0, flags=0)
            for one in self._endpoints
            if family in {AF_UNSPEC, one.family}
        ]

    async def close(self) -> None:
        pass


def _check(answer: aiohttp.ClientResponse, host: str, now: float) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise ChannelError(
            f"{host} answered {_named(status)}, and redirects are not followed: write the URL that it leads "
            "to."
        )
    advice = next((f": {text}" for known, text in _ADVICE.items() if known == status), "")
    raise ChannelError(
        f"{host} answered {_named(status)}{advice}.", retry_after(answer.headers.get("Retry-After"), now)
    )


def retry_after(header: str | None, now: float) -> float | None:
    """The seconds that a header Retry-After asks for, at most one hour; None if it cannot be read."""
    if header is None:
        return None
    if header.isascii() and header.isdigit() and len(header) < 10:
        return min(float(header), MAX_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(header[:100])
    except (ValueError, OverflowError):
        return None
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, moment.timestamp() - now), MAX_RETRY_AFTER)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _cause(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientSSLError):
        return "the TLS connection failed"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "no connection"
    return "the connection ended before the answer"
