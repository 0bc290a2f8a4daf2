"""Where a request comes from, through proxies that the settings trust."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

_Address = IPv4Address | IPv6Address

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+\Z")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?\Z")
_MAX_HOPS = 20


@dataclass(frozen=True)
class Client:
    """Where a request comes from, and how its sender addresses the monitor.

    ``address``: an IP address, or ``unknown``. ``scheme`` and ``host`` as the client wrote them in its URL.
    ``prefix``: the path below which the client sees the monitor. ``trusted_proxy``: whether a proxy of the
    settings sent the request, so that its headers count.
    """

    address: str
    scheme: str
    host: str
    prefix: str
    trusted_proxy: bool

    @property
    def secure(self) -> bool:
        """Whether the client uses https."""
        return self.scheme == "https"

    @property
    def origin(self) -> str:
        """The origin of the monitor's own pages."""
        return f"{self.scheme}://{self.host}".lower()

    @property
    def limit_key(self) -> str:
        """What rate limits count by. One client of IPv6 has 2**64 addresses, so its network counts."""
        address = _parse(self.address)
        if isinstance(address, IPv6Address):
            return str(IPv6Network((address, 64), strict=False))
        return self.address


def client_of(request: web.Request, proxies: Sequence[IPv4Network | IPv6Network], url_prefix: str) -> Client:
    """The client of a request. X-Forwarded headers of other peers than the proxies are ignored."""
    peer = _peer(request)
    trusted = peer is not None and _is_proxy(peer, proxies)
    scheme, host, prefix = request.scheme, request.host, url_prefix
    address: _Address | None = peer
    if peer is not None and trusted:
        address = _forwarded_for(request, peer, proxies)
        scheme = _last(request, "X-Forwarded-Proto", re.compile(r"https?\Z")) or scheme
        host = _last(request, "X-Forwarded-Host", _HOST) or host
        prefix = _last(request, "X-Forwarded-Prefix", _PREFIX) or prefix
    return Client(str(address or "unknown"), scheme, host, prefix, trusted)


def _peer(request: web.Request) -> _Address | None:
    name = request.transport.get_extra_info("peername") if request.transport is not None else None
    return _parse(str(name[0])) if isinstance(name, tuple) and name else None


def _parse(text: str) -> _Address | None:
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_proxy(address: _Address, proxies: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in proxies)


def _forwarded_for(
    request: web.Request, peer: _Address, proxies: Sequence[IPv4Network | IPv6Network]
) -> _Address:
    """The nearest address that is not a proxy's. What stands before it, the client wrote itself."""
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    nearest = peer
    for hop in reversed(hops[-_MAX_HOPS:]):
        address = _parse(hop)
        if address is None:
            return nearest
        nearest = address
        if not _is_proxy(address, proxies):
            return nearest
    return nearest


def _last(request: web.Request, header: str, pattern: re.Pattern[str]) -> str | None:
    """The value that the nearest proxy added, None if it is missing or malformed."""
    values = ",".join(request.headers.getall(header, [])).split(",")
    value = values[-1].strip().rstrip("/")
    return value if pattern.match(value) else None
