"""What an application's settings add to the URLs of its broker and its result backend."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from celery_health.broker_url import BrokerKind, BrokerUrl
from celery_health.readers.access import FILE_OPTIONS
from celery_health.readers.parameters import check_login_method
from celery_health.survey.app_urls.tls import results_with_tls, tls_options, with_tls
from celery_health.urls import UrlError, parse, parse_result_backend

_QUEUE_ORDERS = ("round_robin", "priority", "sorted")


def app_broker(text: str, conf: Any) -> BrokerUrl:
    """The broker of an application with these settings, and its failover URLs.

    The options of TLS of the first URL are those of each failover URL that has none.

    Raises:
        UrlError: a URL is none, or Celery refuses an option of TLS.
    """
    parse(text)
    use_ssl: object = conf.broker_use_ssl
    setting = "broker_use_ssl"
    urls: list[BrokerUrl] = []
    for one in (part.strip() for part in text.split(";") if part.strip()):
        url = parse(one)
        own = tls_options(url)
        options = own or use_ssl
        if not urls:
            use_ssl, setting = options, "" if own else setting
        secure = replace(with_tls(url, options, has_port=_has_port(one)), tls_setting="" if own else setting)
        urls.append(_with_login(secure, one, conf))
    if urls[0].kind.is_redis:
        _check_options(conf.broker_transport_options or {})
    return replace(urls[0], alternates=tuple(urls[1:]))


def _check_options(options: Mapping[str, Any]) -> None:
    """kombu and redis-py take these options as they are, and fail before they connect."""
    for name in ("socket_timeout", "socket_connect_timeout", "health_check_interval"):
        value = options.get(name)
        if value is not None and not isinstance(value, int | float):
            raise UrlError(f"Celery refuses {name} = {value!r} in broker_transport_options: write a number.")
    order = options.get("queue_order_strategy")
    # A class has the name of its module before its own.
    if isinstance(order, str) and order not in _QUEUE_ORDERS and not {".", ":"} & set(order):
        raise UrlError(
            f"Celery refuses queue_order_strategy = {order!r} in broker_transport_options: write one of "
            f"{', '.join(_QUEUE_ORDERS)}."
        )


def with_transport_options(
    url: BrokerUrl, options: Mapping[str, Any], login_method: str | None = None
) -> BrokerUrl:
    """The URL with what Celery takes from the transport options and from ``broker_login_method``.

    Raises:
        UrlError: py-amqp knows no such method.
    """
    others = tuple(with_transport_options(one, options, login_method) for one in url.alternates)
    if url.kind.is_amqp:
        url = replace(url, login_method=url.login_method or login_method, alternates=others)
        check_login_method(url)
        return url
    if url.kind is not BrokerKind.SENTINEL:
        return replace(url, alternates=others)
    login = options.get("sentinel_kwargs") or {}
    return replace(
        url,
        master_name=str(options.get("master_name") or url.master_name or "") or None,
        sentinel_login=(login.get("username"), login["password"]) if login.get("password") else None,
        alternates=others,
    )


def app_result_backend(text: str, conf: Any) -> BrokerUrl:
    """The result backend of an application with these settings.

    Raises:
        UrlError: it is none, or Celery refuses an option of TLS.
    """
    url = _result_backend(text, conf)
    if not (url.kind.is_redis and url.host):
        return url
    setting = "" if FILE_OPTIONS.intersection(url.query) else "redis_backend_use_ssl"
    return replace(results_with_tls(url, conf.redis_backend_use_ssl), tls_setting=setting)


def _result_backend(text: str, conf: Any) -> BrokerUrl:
    """With the settings for the parts that the URL lacks, for ``redis`` alone for all of them."""
    if text.strip() == BrokerKind.REDIS and (conf.redis_host or conf.redis_port):
        text = f"redis://{conf.redis_host or 'localhost'}:{conf.redis_port or 6379}/{conf.redis_db or 0}"
    url = parse_result_backend(text)
    if url.kind not in {BrokerKind.REDIS, BrokerKind.REDISS} or not url.host:
        return url
    has_host = urlsplit("http://" + text.partition("://")[2]).hostname is not None
    return replace(
        url,
        host=url.host if has_host else str(conf.redis_host or url.host),
        port=url.port if _has_port(text) else int(conf.redis_port or url.port or 0),
        username=url.username or conf.redis_username or None,
        password=url.password or conf.redis_password or None,
    )


def _with_login(url: BrokerUrl, text: str, conf: Any) -> BrokerUrl:
    """With the old settings for the parts that the URL lacks."""
    if not (url.kind.is_redis or url.kind.is_amqp):
        return url
    vhost = conf.broker_vhost if url.host and not _path(text) else None
    port = conf.broker_port if url.host and not _has_port(text) else None
    return replace(
        url,
        username=url.username or conf.broker_user or None,
        password=url.password or conf.broker_password or None,
        vhost=str(vhost) if vhost and url.kind.is_amqp else url.vhost,
        database=_database(vhost) if vhost and url.kind.is_redis else url.database,
        port=int(port) if port else url.port,
    )


def _database(vhost: object) -> int:
    try:
        return int(str(vhost).removeprefix("/") or 0)
    except ValueError:
        raise UrlError(f"Celery refuses broker_vhost = {vhost!r} for Redis: write a number.") from None


def _has_port(text: str) -> bool:
    return urlsplit("http://" + text.partition("://")[2]).port is not None


def _path(text: str) -> str:
    parts = urlsplit("http://" + text.partition("://")[2])
    return parts.path.removeprefix("/") or ("virtual_host=" if "virtual_host=" in parts.query else "")
