from ipaddress import ip_network
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request

from celery_monitor.web.identity.client import Client, client_of

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def client(peer: str | None, headers: Any = (), prefix: str = "") -> Client:
    transport = Mock()
    transport.get_extra_info = lambda name, default=None: (
        (peer, 1) if name == "peername" and peer else default
    )
    request = make_mocked_request("GET", "/", headers=headers or {"Host": "monitor"}, transport=transport)
    return client_of(request, PROXIES, prefix)


def test_headers_of_an_unknown_peer_do_not_count() -> None:
    found = client(
        "192.0.2.7",
        {
            "Host": "monitor",
            "X-Forwarded-For": "1.2.3.4",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Prefix": "/x",
        },
    )
    assert (found.address, found.scheme, found.prefix) == ("192.0.2.7", "http", "")
    assert not found.trusted_proxy


def test_headers_of_a_proxy_count() -> None:
    found = client(
        "10.0.0.1",
        {
            "Host": "internal",
            "X-Forwarded-For": "1.2.3.4",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "celery.example",
            "X-Forwarded-Prefix": "/celery/",
        },
    )
    assert found == Client("1.2.3.4", "https", "celery.example", "/celery", True)
    assert found.origin == "https://celery.example"
    assert found.secure


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("1.2.3.4, 10.0.0.9", "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),
        ("10.0.0.8, 10.0.0.9", "10.0.0.8"),
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("1.2.3.4, garbage", "10.0.0.1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2001:db8::1", "2001:db8::1"),
        (",".join(["10.0.0.9"] * 5000), "10.0.0.9"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy(forwarded: str, address: str) -> None:
    assert client("10.0.0.1", {"X-Forwarded-For": forwarded}).address == address


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Forwarded-Proto", "javascript"),
        ("X-Forwarded-Host", "evil.example/path"),
        ("X-Forwarded-Host", "a b"),
        ("X-Forwarded-Prefix", "//evil.example"),
        ("X-Forwarded-Prefix", "/a; Path=/"),
    ],
)
def test_a_malformed_header_of_a_proxy_does_not_count(header: str, value: str) -> None:
    plain = client("10.0.0.1", {"Host": "monitor"}, "/own")
    assert client("10.0.0.1", {"Host": "monitor", header: value}, "/own") == plain


def test_a_peer_without_an_address_is_unknown() -> None:
    assert client(None).address == "unknown"


def test_one_network_of_ipv6_counts_as_one_client() -> None:
    one, two = client("2001:db8::1"), client("2001:db8::ffff:2")
    assert one.limit_key == two.limit_key != client("2001:db8:0:1::1").limit_key
    assert client("1.2.3.4").limit_key == "1.2.3.4"
