"""Where a pod's sidecar is asked: at the pod's own address, or through the API server's pod proxy."""

from celery_operator.api.names import PROBE_PORT
from celery_operator.kube import POD, Json


def direct_url(pod: Json, path: str) -> str:
    """Inside the cluster. Of a pod that has no address it is no valid URL."""
    address = pod["status"].get("podIP", "")
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{PROBE_PORT}/{path}"


def proxy_path(pod: Json, path: str) -> str:
    """From outside the cluster."""
    metadata = pod["metadata"]
    return POD.path(metadata["namespace"], f"{metadata['name']}:{PROBE_PORT}", f"proxy/{path}")
