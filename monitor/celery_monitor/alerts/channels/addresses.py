"""Which addresses messages may go to. Settings name hosts, and DNS can answer with any address."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from celery_health.threads import run_in_thread
from celery_monitor.alerts.notification import ChannelError

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]

LOOKUP_SECONDS = 5.0
_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
"""Where clouds give credentials to any process that asks, beside the link-local 169.254.169.254."""
_NO_HOST = IPv4Network("0.0.0.0/8")
_END_IN_IPV4 = tuple(map(IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
"""Compatible addresses, NAT64 of RFC 6052 and of RFC 8215, and SIIT: a gateway takes the last 32 bits."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address to connect to that has been checked."""

    family: socket.AddressFamily
    address: str
    port: int


def refusal(address: Address, allowed: Networks = ()) -> str | None:
    """Why nothing is sent to this address; None if it may be used."""
    forms = [address, *_inside(address)]
    if any(form in network for form in forms for network in allowed):
        return None
    return next((kind for form in forms if (kind := _kind(form)) is not None), None)


def refusal_text(host: str, address: Address, kind: str) -> str:
    """The sentence about a refused address."""
    where = host if host == str(address) else f"{host} has the address {address}, which"
    return f"{where} is {kind}. Nothing is sent there unless --alert-networks contains the address."


async def lookup(host: str, port: int, allowed: Networks, seconds: float = LOOKUP_SECONDS) -> list[Endpoint]:
    """The addresses of a host that may be used. Connect to these: a second lookup could give others.

    Raises:
        ChannelError: the host has no address, or none that may be used.
    """
    try:
        found = await run_in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), seconds)
    except TimeoutError:
        raise ChannelError(f"The name {host} was not resolved within {seconds:.0f} s.") from None
    except (OSError, UnicodeError):
        raise ChannelError(f"The name {host} cannot be resolved: correct it, or check DNS.") from None
    refused = ""
    endpoints = []
    for family, _, _, _, (text, *_) in found:
        address = ip_address(text)
        if kind := refusal(address, allowed):
            refused = refused or refusal_text(host, address, kind)
        else:
            endpoints.append(Endpoint(family, str(text), port))
    if not endpoints:
        raise ChannelError(refused or f"The name {host} has no address.")
    return endpoints


def _kind(address: Address) -> str | None:
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address in _METADATA:
        return "the address of a cloud's metadata service"
    if address.is_unspecified or address.is_multicast or address in _NO_HOST:
        return "an address of no single host"
    return None


def _inside(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return []
    inside: list[Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address.teredo is not None:
        inside.append(address.teredo[1])
    if any(address in network for network in _END_IN_IPV4):
        inside.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in inside if one is not None]
