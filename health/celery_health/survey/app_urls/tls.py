"""TLS of an application's broker and result backend, which follows rules of its own.

kombu takes the options of a Redis broker from ``broker_use_ssl`` with the prefix ``ssl_`` and those of
RabbitMQ without it. Options in a URL replace the whole of ``broker_use_ssl``.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from celery_health.broker_url import PORTS, BrokerKind, BrokerUrl
from celery_health.readers.parameters import TLS_MODES, with_tls_mode
from celery_health.urls import UrlError

# What a reader can do itself. With another option only the application's own connection is the same.
_READ = frozenset({"ca_certs", "certfile", "keyfile", "cert_reqs"})
_READ_OF_REDIS = frozenset({f"ssl_{name}" for name in (*_READ, "check_hostname")})
_READ_OF_AMQP = frozenset({*_READ, "server_hostname"})
_SSL_VERSION = "ssl_version"
_MODE = "ssl_cert_reqs"


def with_tls(url: BrokerUrl, use_ssl: object, *, has_port: bool) -> BrokerUrl:
    """The URL of a broker with ``use_ssl``, which is its ``ssl`` in kombu.

    Raises:
        UrlError: Celery refuses an option.
    """
    options = use_ssl if isinstance(use_ssl, Mapping) else {}
    if url.kind is BrokerKind.SENTINEL:
        # With TLS to the master, and none to the Sentinels.
        return replace(url, needs_app=bool(options))
    if url.kind.is_amqp:
        if not (url.tls or use_ssl):
            return url
        _check_names_of_amqp(options)
        port = url.port if has_port else PORTS[BrokerKind.AMQPS]
        secure = replace(url, kind=BrokerKind.AMQPS, scheme="amqps", tls=True, port=port)
        return _secured(secure, options, _READ_OF_AMQP)
    return _redis_with_tls(url, use_ssl, options) if url.kind.is_redis and url.host else url


def _redis_with_tls(url: BrokerUrl, use_ssl: object, options: Mapping[str, Any]) -> BrokerUrl:
    if options:
        _check_names_of_redis("broker_use_ssl", options)
        return _secured(replace(url, kind=BrokerKind.REDISS, scheme="rediss"), options, _READ_OF_REDIS)
    if use_ssl:
        if isinstance(use_ssl, str):
            raise UrlError(
                f"Celery refuses broker_use_ssl = {use_ssl!r} for Redis: write a dict with ssl_cert_reqs."
            )
        # For kombu True is no dict of options, and it connects without TLS.
        return replace(url, kind=BrokerKind.REDIS, scheme="redis", tls=False)
    return with_tls_mode(url)


def results_with_tls(url: BrokerUrl, use_ssl: object) -> BrokerUrl:
    """The URL of a result backend in Redis, with ``use_ssl``: the ``redis_backend_use_ssl`` of Celery.

    Raises:
        UrlError: Celery refuses an option.
    """
    if use_ssl and not isinstance(use_ssl, Mapping):
        raise UrlError(
            f"Celery refuses redis_backend_use_ssl = {use_ssl!r}: write a dict with ssl_cert_reqs."
        )
    options = {**(use_ssl if isinstance(use_ssl, Mapping) else {}), **tls_options(url)}
    if url.kind is BrokerKind.SENTINEL:
        return replace(url, needs_app=bool(options))
    _check_names_of_redis("redis_backend_use_ssl", options)
    if url.kind is BrokerKind.REDIS and options:
        if not _takes_tls_at_redis():
            raise UrlError("Celery refuses options of TLS for a result backend at redis://: write rediss://.")
        url = replace(url, kind=BrokerKind.REDISS, scheme="rediss")
    mode = options.get(_MODE)
    if url.kind is BrokerKind.REDISS and (mode is None or _mode(mode) not in TLS_MODES.values()):
        raise UrlError(
            "Celery refuses a result backend at rediss:// without a valid ssl_cert_reqs: add "
            "?ssl_cert_reqs=required to its URL, or none, which verifies no certificate."
        )
    return _secured(url, options, _READ_OF_REDIS) if options else url


def _takes_tls_at_redis() -> bool:
    """Since 5.7 Celery does what ``redis_backend_use_ssl`` says, also where the URL begins with redis://."""
    from celery import VERSION  # noqa: PLC0415

    return (int(VERSION.major), int(VERSION.minor)) >= (5, 7)


def tls_options(url: BrokerUrl) -> dict[str, str]:
    """With the mode as kombu converts it."""
    options = {name: value for name, value in url.query.items() if name.startswith("ssl_")}
    return {name: TLS_MODES.get(value, value) if name == _MODE else value for name, value in options.items()}


def _secured(url: BrokerUrl, options: Mapping[str, Any], read: frozenset[str]) -> BrokerUrl:
    query = {name: value for name, value in url.query.items() if not name.startswith("ssl_")}
    for name, value in options.items():
        if name == "server_hostname":
            query["ssl_server_hostname"] = str(value or url.host)
        elif name == _MODE or (name == "cert_reqs" and value is not None):
            query[_MODE] = _mode(value)
        elif name in read and value is not None:
            query[f"ssl_{name.removeprefix('ssl_')}"] = str(value)
    return replace(url, tls=True, query=MappingProxyType(query), needs_app=not read.issuperset(options))


def _check_names_of_redis(setting: str, options: Mapping[str, Any]) -> None:
    for name in options:
        if name in {*_READ, "check_hostname"}:
            raise UrlError(f"Celery refuses {name} in {setting} for Redis: write ssl_{name}.")
    mode = options.get(_MODE)
    # For a result backend, and in URLs, Celery and kombu convert the text CERT_NONE. redis-py does not.
    of_redis_py = setting == "broker_use_ssl" and isinstance(mode, str)
    if (mode if of_redis_py else _mode(mode)) not in TLS_MODES.values():
        raise UrlError(f"Celery refuses the ssl_cert_reqs in {setting}: write ssl.CERT_REQUIRED.")


def _check_names_of_amqp(options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if name.startswith("ssl_") and name != _SSL_VERSION:
            instead = "server_hostname" if name == "ssl_check_hostname" else name.removeprefix("ssl_")
        elif name == "check_hostname":
            instead = "server_hostname"
        elif name == "cert_reqs" and isinstance(value, str):
            instead = "ssl.CERT_REQUIRED, which is no text"
        else:
            continue
        raise UrlError(f"Celery refuses {name} in broker_use_ssl for RabbitMQ: write {instead}.")


def _mode(value: object) -> str:
    """``none`` for ``ssl.CERT_NONE``, its number, ``"CERT_NONE"`` in a URL, and for None, as in redis-py."""
    if isinstance(value, str):
        return TLS_MODES.get(value, value)
    return {0: "none", 1: "optional", 2: "required"}.get(int(value), "") if isinstance(value, int) else "none"
