"""Where messages may go."""

import socket
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from celery_monitor.alerts.channels.addresses import lookup, refusal
from celery_monitor.alerts.notification import ChannelError

LOOPBACK = [ip_network("127.0.0.0/8")]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.9",
        "::1",
        "::ffff:127.0.0.1",
        "::7f00:1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "::ffff:0:169.254.169.254",
        "2001:0:102:304::5601:5601",
        "fe80::1",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "224.0.0.1",
        "ff02::1",
    ],
)
def test_these_addresses_are_refused(address: str) -> None:
    assert refusal(ip_address(address)) is not None


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "192.168.0.4", "93.184.216.34", "fd12::5", "2606:2800::1", "64:ff9b:1::a01:203"]
)
def test_internal_and_public_addresses_may_be_used(address: str) -> None:
    assert refusal(ip_address(address)) is None


def test_a_network_allows_its_addresses_however_they_are_written() -> None:
    assert refusal(ip_address("127.0.0.1"), LOOPBACK) is None
    assert refusal(ip_address("::ffff:127.0.0.1"), LOOPBACK) is None
    assert refusal(ip_address("::1"), LOOPBACK) is not None
    assert refusal(ip_address("169.254.169.254"), LOOPBACK) is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "::1"])
async def test_every_spelling_of_loopback_is_refused(host: str) -> None:
    with pytest.raises(ChannelError, match=r"is a loopback address.*--alert-networks"):
        await lookup(host, 80, ())


async def test_only_the_allowed_addresses_of_a_name_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(host: str, port: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("169.254.169.254", "10.0.0.7")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert [one.address for one in await lookup("hooks.example", 443, ())] == ["10.0.0.7"]


async def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(ChannelError, match=r"hooks\.invalid cannot be resolved"):
        await lookup("hooks.invalid", 443, ())
