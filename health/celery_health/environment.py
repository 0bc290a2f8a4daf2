"""The broker that environment variables name, for programs without an application."""

from collections.abc import Mapping

REDIS_PORT = "6379"


def broker_url(environment: Mapping[str, str]) -> str:
    """CELERY_BROKER_URL, else REDIS_URL, else database 0 of REDIS_HOST and REDIS_PORT; else empty."""
    return (
        environment.get("CELERY_BROKER_URL", "")
        or environment.get("REDIS_URL", "")
        or _redis_at(environment.get("REDIS_HOST", "").strip(), environment.get("REDIS_PORT", "").strip())
    )


def _redis_at(host: str, port: str) -> str:
    if not host:
        return ""
    # For a Service with the name redis, Kubernetes sets REDIS_PORT to tcp://ADDRESS:PORT.
    port = port.rpartition(":")[2] or REDIS_PORT
    return f"redis://[{host}]:{port}/0" if ":" in host else f"redis://{host}:{port}/0"
