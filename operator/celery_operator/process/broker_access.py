"""Where the operator reads brokers and result backends: not at addresses that only the operator can reach."""

import asyncio
import os
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from celery_health.readers.access import Access, limited_access
from celery_operator.process.flag_values import BrokerNetworks


async def broker_access(
    networks: BrokerNetworks, api_server: str, environment: Mapping[str, str] = os.environ
) -> Access:
    """``api_server``: its URL. All addresses of the API server are refused, at every port.

    An API server whose name does not resolve now adds no address: the operator cannot reach it either.
    """
    hosts = {urlsplit(api_server).hostname or "", environment.get("KUBERNETES_SERVICE_HOST", "")}
    found = await asyncio.gather(*(_addresses(host) for host in sorted(hosts) if host))
    own = {address for one in found for address in one}
    return limited_access(allowed=networks.allowed, refused=networks.refused, own=sorted(own))


async def _addresses(host: str) -> set[str]:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {str(info[4][0]).partition("%")[0] for info in infos}
