"""The address of a pod's sidecar: its own, or the path of the API server's pod proxy."""

from celery_health.wire.names import PORT
from celery_operator.kinds import POD, Json

TIMEOUT_SECONDS = 1.5
"""For one request."""

AT_ONCE = 32
"""How many sidecars are read, or sent an order, at a time."""


def direct_url(pod: Json, path: str) -> str:
    """Inside the cluster. For a pod without an address it is not a valid URL."""
    address = pod["status"].get("podIP", "")
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{PORT}{path}"


def proxy_path(pod: Json, path: str) -> str:
    """From outside the cluster."""
    metadata = pod["metadata"]
    return POD.path(metadata["namespace"], f"{metadata['name']}:{PORT}", f"proxy{path}")
