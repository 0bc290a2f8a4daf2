"""The address of a server in a pod, by default its sidecar: the pod's own, or the API server's pod proxy."""

import aiohttp

from celery_health.wire.names import PORT
from celery_operator.kinds import POD, Json

TIMEOUT_SECONDS = 1.5
"""For one request."""

AT_ONCE = 256
AT_ONCE_OF_ONE = 32
"""How many sidecars are read, or sent an order, at a time: of all CeleryDeployments, and of one."""


def direct_url(pod: Json, path: str, port: int | None = None) -> str:
    """Inside the cluster; ``port`` None for the sidecar's. Invalid for a pod without an address."""
    address = pod["status"].get("podIP", "")
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port or PORT}{path}"


def proxy_path(pod: Json, path: str, port: int | None = None) -> str:
    """From outside the cluster."""
    metadata = pod["metadata"]
    return POD.path(metadata["namespace"], f"{metadata['name']}:{port or PORT}", f"proxy{path}")


def refusal_of(status: int) -> str:
    """What an HTTP status says of a request that the sidecar did not carry out."""
    if status in {401, 403}:
        return f"the sidecar refuses the token of the operator (HTTP {status})"
    return f"the sidecar answers with HTTP {status}"


def cause_of(error: Exception) -> str:
    """Why there is no answer. What a server says that does not speak HTTP is not quoted."""
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.ClientPayloadError)):
        return "the answer is not HTTP"
    return str(error) or type(error).__name__
