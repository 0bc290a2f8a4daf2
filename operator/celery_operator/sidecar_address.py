"""The address of a server in a pod, by default its sidecar: the pod's own, or the API server's pod proxy."""

from celery_health.wire.names import PORT
from celery_operator.kinds import POD, Json

TIMEOUT_SECONDS = 1.5
"""For one request."""

AT_ONCE = 32
"""How many sidecars are read, or sent an order, at a time."""


def direct_url(pod: Json, path: str, port: int | None = None) -> str:
    """Inside the cluster; ``port`` None for the sidecar's. Invalid for a pod without an address."""
    address = pod["status"].get("podIP", "")
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port or PORT}{path}"


def proxy_path(pod: Json, path: str, port: int | None = None) -> str:
    """From outside the cluster."""
    metadata = pod["metadata"]
    return POD.path(metadata["namespace"], f"{metadata['name']}:{port or PORT}", f"proxy{path}")
