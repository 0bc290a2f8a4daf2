"""Where a pod's sidecar is asked, and for how long: at its own address, or by the API server's pod proxy."""

from celery_operator.api.names import PROBE_PORT
from celery_operator.kinds import POD, Json

TIMEOUT_SECONDS = 1.5
"""For one request."""

AT_ONCE = 32
"""How many pods of a resource are asked at a time."""


def direct_url(pod: Json, path: str) -> str:
    """Inside the cluster. Of a pod that has no address it is no valid URL."""
    address = pod["status"].get("podIP", "")
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{PROBE_PORT}/{path}"


def proxy_path(pod: Json, path: str) -> str:
    """From outside the cluster."""
    metadata = pod["metadata"]
    return POD.path(metadata["namespace"], f"{metadata['name']}:{PROBE_PORT}", f"proxy/{path}")
