"""Where readers may connect, and what else of this machine they may use.

A program that reads for others, as the operator does, must not lend them its place in the network: a URL can
name the metadata service of a cloud, a port of this machine, or the API server, and so can DNS.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from types import MappingProxyType
from typing import TypeVar

from celery_health.urls import BrokerUrl

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FILE_OPTIONS = frozenset(
    {
        "ssl_ca_certs",
        "ssl_certfile",
        "ssl_keyfile",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "ssl_ca",
        "ssl_cert",
        "ssl_key",
    }
)
"""The parameters of URLs that name files of this machine."""

_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # 0.0.0.0 is this machine
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "100.100.100.200/32",  # the metadata services of clouds that are not link-local
        "fd00:ec2::254/128",
        "::/128",
        "::1/128",
        "fe80::/10",
        "ff00::/8",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")

_Made = TypeVar("_Made")


class AddressRefusedError(OSError):
    """A host leads only to addresses that this program does not connect to."""


@dataclass(frozen=True, slots=True)
class Access:
    """``limited``: only addresses that ``admits`` takes; no files and no Unix sockets of this machine.

    ``never``: networks that are refused unless one of ``allowed`` lies within them. ``refused``: further
    networks. ``allowed``: if there is one, all other networks are refused.
    """

    limited: bool = False
    allowed: tuple[Network, ...] = ()
    refused: tuple[Network, ...] = ()
    never: tuple[Network, ...] = _NEVER

    def admits(self, text: str) -> bool:
        """Whether a connection to this address is allowed."""
        if not self.limited:
            return True
        return all(self._admits(address) for address in _meanings(ip_address(text.partition("%")[0])))

    def _admits(self, address: Address) -> bool:
        allowed = [network for network in self.allowed if address in network]
        if any(address in network for network in self.refused):
            return False
        for network in self.never:
            if address in network and not any(_lies_within(one, network) for one in allowed):
                return False
        return bool(allowed) or not self.allowed

    def without_files(self, url: BrokerUrl) -> BrokerUrl:
        """The URL without the names of files, if files are not read. An empty one shows that it had one."""
        if not self.limited:
            return url
        query = {name: "" if name in FILE_OPTIONS else value for name, value in url.query.items()}
        alternates = tuple(self.without_files(one) for one in url.alternates)
        return replace(url, query=MappingProxyType(query), alternates=alternates)


ANYWHERE = Access()


def limited_access(
    *, allowed: Iterable[Network] = (), refused: Iterable[Network] = (), own: Iterable[str] = ()
) -> Access:
    """Access for others. ``own``: more addresses that are refused, such as those of the API server."""
    addresses = tuple(ip_network(address) for address in own)
    return Access(limited=True, allowed=tuple(allowed), refused=tuple(refused), never=(*_NEVER, *addresses))


async def addresses(host: str, port: int, access: Access) -> list[str]:
    """The addresses of a host that may be connected to, in the order of DNS. Without limits, the host itself.

    Raises:
        AddressRefusedError: none may.
        OSError: DNS does not know the host.
    """
    if not access.limited:
        return [host]
    loop = asyncio.get_running_loop()
    return _admitted(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM), access)


def addresses_blocking(host: str, port: int, access: Access) -> list[str]:
    """As ``addresses``, for a thread."""
    if not access.limited:
        return [host]
    return _admitted(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), access)


def first_that_connects(host: str, port: int, access: Access, connect: Callable[[str], _Made]) -> _Made:
    """What ``connect`` makes of the first address that answers. Raises what it raised for the last one."""
    *others, last = addresses_blocking(host, port, access)
    for address in others:
        try:
            return connect(address)
        except OSError:
            continue
    return connect(last)


def _admitted(
    found: Iterable[tuple[object, object, object, object, tuple[object, ...]]], access: Access
) -> list[str]:
    admitted = [
        address for address in dict.fromkeys(str(one[4][0]) for one in found) if access.admits(address)
    ]
    if not admitted:
        raise AddressRefusedError
    return admitted


def _meanings(address: Address) -> list[Address]:
    """The address, and the IPv4 address that stands in an IPv6 address."""
    if isinstance(address, IPv4Address):
        return [address]
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    # Only the form that the kernel connects to by IPv4 is no address of its own.
    own = [] if address.ipv4_mapped else [address]
    return [*own, *(one for one in inner if one is not None)]


def _lies_within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner.subnet_of(outer)
    return False
