"""Webhooks at a real receiver: delivered once, or refused with a sentence that has no secret."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import time
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from celery_monitor.alerts.channels.webhook import Webhook
from celery_monitor.alerts.notification import ChannelError
from celery_monitor.settings.alerts.channels import Header, WebhookFormat, WebhookSettings
from tests.integration.monitor.alerts.connections import connections
from tests.support.receivers.http_sink import http_sink
from tests.support.receivers.smtp_sink import server_context
from tests.unit.monitor.alerts.channels.examples import hostile, message

LOOPBACK = [ip_network("127.0.0.0/8")]
SECRET = "planted-signing-secret"


def webhook(url: str, **more: Any) -> Webhook:
    """A webhook with secrets in its path and in a header."""
    header = Header("Authorization", "Bearer planted-token")
    settings = WebhookSettings("ops", f"{url}/planted-path", header=header, **more)
    return Webhook(settings, LOOPBACK, seconds=10.0)


async def refusal(channel: Webhook) -> ChannelError:
    """How a message was refused."""
    with pytest.raises(ChannelError) as caught:
        await channel.send(message())
    error: BaseException | None = caught.value
    assert error is not None
    assert "planted" not in f"{error} {error.__cause__!r}"
    return caught.value


@pytest.mark.parametrize("kind", WebhookFormat)
async def test_a_message_arrives_once_with_its_header(kind: WebhookFormat) -> None:
    async with http_sink() as sink:
        await webhook(sink.url, format=kind).send(message(hostile()))
    ((headers, body),) = sink.received
    assert headers["Authorization"] == "Bearer planted-token"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)


async def test_the_receiver_can_check_the_signature() -> None:
    async with http_sink() as sink:
        await webhook(sink.url, signing_secret=SECRET).send(message())
        await webhook(sink.url, signing_secret=SECRET).send(message())
    (headers, body), (again, _) = sink.received
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["webhook-id"] == again["webhook-id"]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 418, 500, 503])
async def test_an_answer_that_is_no_success_is_an_error(status: int) -> None:
    async with http_sink(status=status) as sink:
        error = await refusal(webhook(sink.url))
    assert f"127.0.0.1 answered {status}" in str(error)
    assert error.retry_after is None


async def test_the_time_for_which_the_receiver_asks_is_known() -> None:
    async with http_sink(status=429, headers={"Retry-After": "90"}) as sink:
        assert (await refusal(webhook(sink.url))).retry_after == 90.0


async def test_a_receiver_that_does_not_answer_costs_a_limited_time() -> None:
    async with http_sink(silent=True) as sink:
        channel = Webhook(WebhookSettings("ops", sink.url), LOOPBACK, seconds=0.5)
        begun = time.monotonic()
        error = await refusal(channel)
    assert time.monotonic() - begun < 60
    assert "did not answer within" in str(error)


async def test_a_receiver_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = await refusal(webhook(f"http://127.0.0.1:{unused.getsockname()[1]}"))
    assert "127.0.0.1 cannot be reached" in str(error)


async def test_a_server_that_does_not_speak_http() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        error = await refusal(webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    assert str(error) == (
        "127.0.0.1 gave an answer that is not valid HTTP: correct the scheme and the port of the URL."
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    async with http_sink() as private, http_sink(status=status, headers={"Location": private.url}) as sink:
        error = await refusal(webhook(sink.url))
    assert "redirects are not followed" in str(error)
    assert len(sink.received) == 1
    assert private.received == []


async def test_no_redirect_leads_to_a_metadata_service() -> None:
    target = {"Location": "http://169.254.169.254/latest/meta-data/"}
    async with http_sink(status=302, headers=target) as sink:
        with connections() as connected:
            await refusal(webhook(sink.url))
    assert set(connected) == {"127.0.0.1"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
async def test_nothing_is_sent_to_loopback_unless_it_is_allowed(host: str) -> None:
    async with http_sink() as sink:
        url = sink.url.replace("127.0.0.1", host)
        error = await refusal(Webhook(WebhookSettings("ops", url)))
    assert "--alert-networks" in str(error)
    assert sink.received == []


async def test_the_address_that_was_checked_is_the_one_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    lookups: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, *arguments: Any, **more: Any) -> Any:
        """The name has an allowed address at first, and another one later."""
        if host != "hooks.example":
            return real(host, *arguments, **more)
        lookups.append(host)
        return real("127.0.0.1" if len(lookups) == 1 else "127.9.9.9", *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    async with http_sink() as sink:
        settings = WebhookSettings("ops", sink.url.replace("127.0.0.1", "hooks.example"))
        await Webhook(settings, [ip_network("127.0.0.1")]).send(message())
    assert len(lookups) == 1
    assert sink.received[0][0]["Host"].startswith("hooks.example:")


async def test_the_certificate_of_the_receiver_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = server_context(tmp_path)
    async with http_sink(context) as sink:
        assert "certificate of 127.0.0.1 cannot be verified" in str(await refusal(webhook(sink.url)))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        await webhook(sink.url).send(message())
    assert len(sink.received) == 1
