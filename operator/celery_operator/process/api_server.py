"""Where the API server is, who we are, and which proxy leads there."""

import os
from contextlib import suppress
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import load_incluster_config, load_kube_config

from celery_operator.kube import SERVICE_ACCOUNT


async def load_configuration() -> Configuration:
    """The pod's service account, or else a kubeconfig file.

    A KUBECONFIG that is set wins, so that a developer's choice holds inside a pod too.
    Raises ``kubernetes.aio.config.ConfigException`` when neither is there.
    """
    configuration = Configuration()
    if not os.environ.get("KUBECONFIG") and (SERVICE_ACCOUNT / "token").exists():
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    else:
        await load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    configuration.proxy = configuration.proxy or proxy_to(configuration.host)
    return configuration


def proxy_to(server: str) -> str | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for this server, read once.

    NO_PROXY may have networks and ports, as for kubectl: ``10.0.0.0/8,.svc,192.0.2.1:6443``.
    """
    address, proxies = urlsplit(server), getproxies()
    host, port = address.hostname or "", address.port or (443 if address.scheme == "https" else 80)
    entries = (entry.strip() for entry in proxies.get("no", "").split(","))
    if proxy_bypass(host) or any(_covers(entry, host, port) for entry in entries):
        return None
    return proxies.get(address.scheme)


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY is a network with this host in it, or this host with this port.

    ``urllib`` knows neither.
    """
    with suppress(ValueError):
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    with suppress(ValueError):
        named = urlsplit(f"//{entry}")
        return (named.hostname, named.port) == (host, port)
    return False
