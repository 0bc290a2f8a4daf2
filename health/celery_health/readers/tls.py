"""The TLS options in a URL's query, as each client package takes them."""

import ssl
from typing import Any

from celery_health.tls import PythonVersion, client_context
from celery_health.urls import BrokerUrl

_MODES = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
_FILES = ("ca_certs", "certfile", "keyfile")


def amqp_options(url: BrokerUrl) -> dict[str, Any] | bool:
    """For py-amqp, as kombu passes them: no host name is verified, unless the options name one."""
    options: dict[str, Any] = dict(_files(url))
    if name := url.query.get("ssl_server_hostname"):
        options["server_hostname"] = name
    mode = _mode(url)
    if mode is not None:
        options["cert_reqs"] = mode
    return options or True


def amqp_context(url: BrokerUrl) -> ssl.SSLContext:
    """For a client of AMQP that is not py-amqp: it accepts the certificates that py-amqp accepts.

    Raises:
        OSError: a file that the URL names does not exist here or is not a certificate.
    """
    return _context(url, system_authorities=False, check_hostname=False)


def redis_context(url: BrokerUrl, python: PythonVersion | None) -> ssl.SSLContext:
    """For Redis, as redis-py does it: an authority that the URL names is trusted in addition to the system's.

    ``python``: the version that the Celery process runs, None if not known.

    Raises:
        OSError: a file that the URL names does not exist here or is not a certificate.
    """
    return _context(url, system_authorities=True, python=python)


def http_context(url: BrokerUrl) -> ssl.SSLContext:
    """For a management API: if the URL names an authority, no other is trusted.

    Raises:
        OSError: a file that the URL names does not exist here or is not a certificate.
    """
    return _context(url, system_authorities=False)


def _context(
    url: BrokerUrl,
    *,
    system_authorities: bool,
    check_hostname: bool = True,
    python: PythonVersion | None = None,
) -> ssl.SSLContext:
    mode = _mode(url)
    files = _files(url)
    says = url.query.get("ssl_check_hostname")
    return client_context(
        ca_file=files.get("ca_certs"),
        system_authorities=system_authorities,
        certificate=files.get("certfile"),
        key=files.get("keyfile"),
        verify_mode=ssl.CERT_REQUIRED if mode is None else mode,
        check_hostname=check_hostname if says is None else says.lower() != "false",
        python=python,
    )


def _mode(url: BrokerUrl) -> ssl.VerifyMode | None:
    return _MODES.get(url.query.get("ssl_cert_reqs", "").lower().removeprefix("cert_"))


def _files(url: BrokerUrl) -> dict[str, str]:
    """Without those that are empty: they are not read here."""
    return {name: url.query[f"ssl_{name}"] for name in _FILES if url.query.get(f"ssl_{name}")}
