"""Where the API server is, who we are, and which proxy leads there."""

import os
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
    """The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for this server, read once."""
    address = urlsplit(server)
    if proxy_bypass(address.hostname or ""):
        return None
    return getproxies().get(address.scheme)
