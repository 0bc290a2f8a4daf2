"""What environment variables name: the broker, and options of the command ``celery``."""

from collections.abc import Iterable, Mapping

REDIS_PORT = "6379"
APP_VARIABLES = ("APP", "CELERY_APP")
"""Those that the command ``celery`` reads in place of ``-A``, the first that is set."""
_BROKER_OPTION = ("BROKER_URL", "CELERY_BROKER")
_OPTIONS = {
    "CELERY_BROKER_URL": _BROKER_OPTION,
    "CELERY_RESULT_BACKEND": ("RESULT_BACKEND",),
    "CELERY_CONFIG_MODULE": ("CONFIG_MODULE", "CELERY_CONFIG"),
    "CELERY_LOADER": ("LOADER",),
}


def first_set(environment: Mapping[str, str], names: Iterable[str]) -> str:
    """The value of the first of these variables that has one; else empty."""
    return next((environment[name] for name in names if environment.get(name)), "")


def set_by_celery(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that ``celery`` replaces, with their values: it reads others in place of its options.

    It does so before it loads the application, so workers use them, whatever the application names.
    """
    found = {name: first_set(environment, options) for name, options in _OPTIONS.items()}
    return {name: value for name, value in found.items() if value}


def broker_url(environment: Mapping[str, str]) -> str:
    """What ``celery`` reads, else REDIS_URL, else database 0 of REDIS_HOST and REDIS_PORT; else empty."""
    return first_set(environment, (*_BROKER_OPTION, "CELERY_BROKER_URL", "REDIS_URL")) or _redis_at(
        environment.get("REDIS_HOST", "").strip(), environment.get("REDIS_PORT", "").strip()
    )


def _redis_at(host: str, port: str) -> str:
    if not host:
        return ""
    # For a Service with the name redis, Kubernetes sets REDIS_PORT to tcp://ADDRESS:PORT.
    port = port.rpartition(":")[2] or REDIS_PORT
    return f"redis://[{host}]:{port}/0" if ":" in host else f"redis://{host}:{port}/0"
