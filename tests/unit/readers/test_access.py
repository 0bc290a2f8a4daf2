"""Which addresses a program that reads for others connects to."""

from ipaddress import ip_network

import pytest

from celery_health.readers.access import (
    ANYWHERE,
    Access,
    AddressRefusedError,
    addresses,
    addresses_blocking,
    first_that_connects,
    limited_access,
)
from celery_health.urls import parse

LIMITED = limited_access(own=["10.96.0.1"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "169.254.169.254",
        "100.100.100.200",
        "224.0.0.1",
        "255.255.255.255",
        "10.96.0.1",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.96.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)
def test_an_address_that_only_this_machine_should_reach_is_refused(address: str) -> None:
    assert not LIMITED.admits(address)
    assert ANYWHERE.admits(address)


@pytest.mark.parametrize("address", ["10.96.0.2", "10.0.0.7", "192.168.1.1", "203.0.113.7", "2001:db8::1"])
def test_other_addresses_are_admitted(address: str) -> None:
    assert LIMITED.admits(address)


def networks(*texts: str) -> list[object]:
    return [ip_network(text) for text in texts]


def test_networks_can_be_refused_and_all_but_some_as_well() -> None:
    nodes_refused = limited_access(refused=[ip_network("10.1.0.0/16")])
    pods_allowed = limited_access(allowed=[ip_network("10.0.0.0/8")], refused=[ip_network("10.1.0.0/16")])

    assert not nodes_refused.admits("10.1.2.3")
    assert nodes_refused.admits("203.0.113.7")
    assert not pods_allowed.admits("10.1.2.3")
    assert not pods_allowed.admits("203.0.113.7")
    assert pods_allowed.admits("10.2.2.3")


@pytest.mark.parametrize(
    ("allowed", "is_admitted"),
    [("127.0.0.1/32", True), ("127.0.0.0/8", True), ("127.0.0.0/7", False), ("0.0.0.0/0", False)],
)
def test_a_loopback_address_is_admitted_only_by_a_network_within_loopback(
    allowed: str, is_admitted: bool
) -> None:
    assert limited_access(allowed=[ip_network(allowed, strict=False)]).admits("127.0.0.1") is is_admitted


def test_the_api_server_is_admitted_only_by_its_own_address() -> None:
    assert not limited_access(allowed=[ip_network("10.0.0.0/8")], own=["10.96.0.1"]).admits("10.96.0.1")
    assert limited_access(allowed=[ip_network("10.96.0.1/32")], own=["10.96.0.1"]).admits("10.96.0.1")


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "[::1]"])
async def test_a_name_counts_by_the_addresses_that_it_leads_to(host: str) -> None:
    host = host.strip("[]")

    with pytest.raises(AddressRefusedError):
        await addresses(host, 6379, LIMITED)
    with pytest.raises(AddressRefusedError):
        addresses_blocking(host, 6379, LIMITED)
    assert await addresses(host, 6379, ANYWHERE) == addresses_blocking(host, 6379, ANYWHERE) == [host]


async def test_of_several_addresses_only_those_that_are_admitted_are_left() -> None:
    loopback = Access(limited=True, never=(ip_network("::1/128"),))

    assert await addresses("localhost", 6379, loopback) == ["127.0.0.1"]


def test_the_next_address_is_tried_where_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    infos = [(2, 1, 6, "", (address, 6379)) for address in ("10.0.0.1", "10.0.0.2", "10.0.0.2")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: infos)
    asked: list[str] = []

    def connect(address: str) -> str:
        asked.append(address)
        if address == "10.0.0.1":
            raise ConnectionRefusedError
        return address

    assert first_that_connects("shop", 6379, LIMITED, connect) == "10.0.0.2"
    assert asked == ["10.0.0.1", "10.0.0.2"]


def test_files_that_a_url_names_are_not_read() -> None:
    url = parse("rediss://h/0?ssl_ca_certs=/a&ssl_cert_reqs=required;rediss://i/0?ssl_keyfile=/b")

    limited = LIMITED.without_files(url)

    assert dict(limited.query) == {"ssl_ca_certs": "", "ssl_cert_reqs": "required"}
    assert [dict(one.query) for one in limited.alternates] == [{"ssl_keyfile": ""}]
    assert ANYWHERE.without_files(url) is url
