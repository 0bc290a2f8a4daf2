"""The TLS options that a URL's query carries, for each client package."""

import ssl
from typing import Any

from celery_health.urls import BrokerUrl

_MODES = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
_FILES = ("ca_certs", "certfile", "keyfile")


def redis_options(url: BrokerUrl) -> dict[str, Any]:
    """For redis-py: certificates are checked unless the URL says ``ssl_cert_reqs=none``."""
    mode = _mode(url)
    options: dict[str, Any] = {"ssl_cert_reqs": mode if mode is not None else ssl.CERT_REQUIRED}
    if mode is not None:
        # As kombu's own client: a mode in the URL speaks of the certificate, not of the name in it.
        options["ssl_check_hostname"] = url.query.get("ssl_check_hostname", "").lower() == "true"
    options |= {f"ssl_{name}": value for name, value in _files(url).items()}
    return options


def amqp_options(url: BrokerUrl) -> dict[str, Any] | bool:
    """For py-amqp, as kombu hands it ``amqps://``: certificates are checked, the name in them is not."""
    options: dict[str, Any] = dict(_files(url))
    mode = _mode(url)
    if mode is not None:
        options["cert_reqs"] = mode
    return options or True


def ssl_context(url: BrokerUrl) -> ssl.SSLContext:
    """For clients of the standard library, from the same options as for redis-py.

    Raises:
        OSError: a file that the URL names is not here, or is no certificate.
    """
    options = redis_options(url)
    mode: ssl.VerifyMode = options["ssl_cert_reqs"]
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    context.check_hostname = mode != ssl.CERT_NONE and options.get("ssl_check_hostname", True)
    context.verify_mode = mode
    if "ssl_certfile" in options:
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    return context


def _mode(url: BrokerUrl) -> ssl.VerifyMode | None:
    return _MODES.get(url.query.get("ssl_cert_reqs", "").lower().removeprefix("cert_"))


def _files(url: BrokerUrl) -> dict[str, str]:
    return {name: url.query[f"ssl_{name}"] for name in _FILES if f"ssl_{name}" in url.query}
