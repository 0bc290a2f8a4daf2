"""apprise in its own process, with its service json:// at a real receiver."""

import json
import time
from ipaddress import ip_network

import pytest

from celery_monitor.alerts.channels.apprise_channel import Apprise
from celery_monitor.alerts.notification import ChannelError
from celery_monitor.settings.alerts.channels import AppriseSettings
from tests.support.receivers.http_sink import HttpSink, http_sink
from tests.unit.monitor.alerts.channels.examples import alert, message, resolved

# Python and apprise start slowly on a busy machine.
SECONDS = 100.0
LOOPBACK = [ip_network("127.0.0.0/8")]


def apprise(sink: HttpSink, *, host: str = "127.0.0.1", query: str = "") -> Apprise:
    """The sink as a service of apprise, with a password in the URL."""
    address = sink.url.removeprefix("http://").replace("127.0.0.1", host)
    url = f"json://ann:planted-password@{address}/planted-path{query}"
    allowed = LOOPBACK if host == "127.0.0.1" else ()
    return Apprise(AppriseSettings("phone", url), allowed, seconds=SECONDS)


async def refusal(channel: Apprise) -> str:
    """Why a message was refused."""
    with pytest.raises(ChannelError) as caught:
        await channel.send(message())
    assert "planted" not in str(caught.value)
    return str(caught.value)


async def test_a_message_arrives_once() -> None:
    async with http_sink() as sink:
        await apprise(sink).send(message(alert(summary="Attention @everyone")))
    ((_, body),) = sink.received
    document = json.loads(body)
    assert document["title"] == "[Firing] Attention @\u200beveryone"
    assert "1200 messages are ready in queue print" in document["message"]
    assert document["type"] == "warning"


async def test_the_end_is_a_success() -> None:
    async with http_sink() as sink:
        await apprise(sink).send(message(resolved()))
    assert json.loads(sink.received[0][1])["type"] == "success"


async def test_a_service_that_refuses_the_message() -> None:
    async with http_sink(status=500) as sink:
        assert await refusal(apprise(sink)) == "json:// did not take the message: it answered 500."


@pytest.mark.parametrize("host", ["localhost", "2130706433"])
async def test_nothing_is_sent_to_loopback_unless_it_is_allowed(host: str) -> None:
    async with http_sink() as sink:
        assert "--alert-networks" in await refusal(apprise(sink, host=host))
    assert sink.received == []


@pytest.mark.parametrize("query", ["", "?redirect=yes"])
async def test_no_redirect_leads_to_a_metadata_service(query: str) -> None:
    target = {"Location": "http://169.254.169.254/latest/meta-data/"}
    async with http_sink(status=307, headers=target) as sink:
        sentence = await refusal(apprise(sink, query=query))
    assert ("169.254.169.254 is a link-local address" in sentence) == bool(query)
    assert len(sink.received) == 1


async def test_a_service_that_does_not_answer_costs_a_limited_time() -> None:
    async with http_sink(silent=True) as sink:
        url = sink.url.replace("http://", "json://")
        channel = Apprise(AppriseSettings("phone", url), LOOPBACK, seconds=1.0)
        begun = time.monotonic()
        assert "did not take the message within 1 s" in await refusal(channel)
    assert time.monotonic() - begun < 60


async def test_a_url_that_apprise_does_not_know() -> None:
    channel = Apprise(AppriseSettings("phone", "unknown://planted-topic"), seconds=SECONDS)
    assert "apprise cannot read the URL" in await refusal(channel)


async def test_a_service_that_starts_a_program_or_uses_one_of_this_machine_is_refused() -> None:
    assert "did not take the message" in await refusal(
        Apprise(AppriseSettings("phone", "dbus://"), seconds=SECONDS)
    )
