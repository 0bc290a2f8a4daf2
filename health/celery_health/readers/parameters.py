"""The parameters of a URL that Celery takes: with another one a worker ends with a TypeError."""

from collections.abc import Callable, Collection
from dataclasses import replace
from types import MappingProxyType

from celery_health.broker_url import BrokerKind, BrokerUrl
from celery_health.urls import UrlError, parse

_MODE = "ssl_cert_reqs"
TLS_MODES = {
    **{f"CERT_{mode.upper()}": mode for mode in ("none", "optional", "required")},
    **{mode: mode for mode in ("none", "optional", "required")},
}
"""The values of ``ssl_cert_reqs`` in a URL, in the only spellings that kombu takes."""

_OF_BROKERS = frozenset({"credential_provider", "heartbeat", "insist", "login_method"})
_TLS_OPTIONS = frozenset({_MODE, "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname"})
# Of redis-py 5 to 8.
_TLS_OF_REDIS = _TLS_OPTIONS | {
    f"ssl_{name}"
    for name in (
        *("ca_data", "ca_path", "password", "validate_ocsp", "validate_ocsp_stapled", "ocsp_context"),
        *("ocsp_expected_cert", "min_version", "ciphers", "include_verify_flags", "exclude_verify_flags"),
    )
}
# Celery passes them on to redis-py. The host and its like would replace those of the URL.
_OF_REDIS_RESULTS = _TLS_OF_REDIS | {
    *("client_name", "credential_provider", "db", "decode_responses", "encoding", "encoding_errors", "host"),
    *("health_check_interval", "lib_name", "lib_version", "max_connections", "password", "port", "protocol"),
    *("retry_on_error", "retry_on_timeout", "socket_connect_timeout", "socket_keepalive", "socket_timeout"),
    *("socket_read_size", "username", "virtual_host", "legacy_responses"),
}
_INSTEAD = {
    "db": "write the database as the path, such as redis://HOST:6379/5",
    "virtual_host": "write it as the path",
    "connect_timeout": "set broker_connection_timeout",
    "connection_timeout": "set broker_connection_timeout",
    "ssl": "write rediss://",
    **dict.fromkeys(
        (*_TLS_OPTIONS, "ca_certs", "certfile", "keyfile", "cert_reqs", "server_hostname"),
        "set broker_use_ssl",
    ),
}
# Celery and redis-py convert them to numbers.
_NUMBERS: dict[str, Callable[[str], float]] = {
    **dict.fromkeys(("db", "health_check_interval", "max_connections", "port"), int),
    **dict.fromkeys(("heartbeat", "socket_connect_timeout", "socket_timeout"), float),
}
_LOGIN_METHODS = ("PLAIN", "AMQPLAIN", "EXTERNAL", "GSSAPI")


def parse_broker(text: str) -> BrokerUrl:
    """Parse the URL of a broker alone, without an application that may have more options of TLS.

    Raises:
        UrlError: the text is no such URL.
    """
    url = parse(text)
    others = tuple(with_tls_mode(one) for one in url.alternates)
    return replace(with_tls_mode(url), alternates=others)


def with_tls_mode(url: BrokerUrl) -> BrokerUrl:
    """At rediss:// without options of TLS kombu verifies no certificate."""
    if url.kind is not BrokerKind.REDISS or any(name.startswith("ssl_") for name in url.query):
        return url
    return replace(url, query=MappingProxyType({**url.query, _MODE: "none"}))


def check_parameters(url: BrokerUrl, *, of_workers: bool) -> None:
    """``of_workers``: the workers use this URL, so that it may have nothing that only this program takes.

    Raises:
        UrlError: kombu raises a TypeError for a parameter of the URL.
    """
    for one in (url, *url.alternates):
        # In the URL of a socket, and of other transports, a parameter means what the transport makes of it.
        if not one.host or not (one.kind.is_redis or one.kind.is_amqp):
            continue
        for name in one.query:
            if not _is_taken(name, one) and (of_workers or name not in _own(one)):
                instead = _INSTEAD.get(name, "set it in broker_transport_options")
                raise UrlError(f"Celery refuses {name} in the URL of a broker: {instead}.")
            _check_number(name, one)
        _check_mode(one)
        check_login_method(one)


def check_login_method(url: BrokerUrl) -> None:
    """Of RabbitMQ.

    Raises:
        UrlError: py-amqp knows no such method.
    """
    if url.kind.is_amqp and url.login_method and url.login_method not in _LOGIN_METHODS:
        raise UrlError(
            f"Celery refuses the login method {url.login_method}: write one of {', '.join(_LOGIN_METHODS)}."
        )


def check_parameters_of_results(url: BrokerUrl) -> None:
    """The same of a result backend.

    Raises:
        UrlError: Celery or redis-py raises an error for a parameter of the URL.
    """
    if not url.host or url.kind not in {BrokerKind.REDIS, BrokerKind.REDISS}:
        return
    for name in url.query:
        if name not in _OF_REDIS_RESULTS:
            raise UrlError(f"Celery refuses {name} in the URL of a result backend: remove it.")
        if url.kind is BrokerKind.REDIS and name in _TLS_OF_REDIS:
            raise UrlError(f"Celery refuses {name} in a redis:// URL of a result backend: write rediss://.")
        _check_number(name, url)
    _check_mode(url)


def _check_number(name: str, url: BrokerUrl) -> None:
    if name not in _NUMBERS:
        return
    try:
        _NUMBERS[name](url.query[name])
    except ValueError:
        raise UrlError(f"Celery refuses {name} in the {url.scheme} URL: write a number.") from None


def _check_mode(url: BrokerUrl) -> None:
    mode = url.query.get(_MODE)
    if mode is not None and mode not in TLS_MODES:
        raise UrlError(f"Celery refuses {_MODE}={mode}: write required, or none to verify no certificate.")


def _is_taken(name: str, url: BrokerUrl) -> bool:
    """As in kombu 5.3 to 5.7. Only Redis takes the options of TLS in the form that they have in a URL."""
    of_redis = name == "connect_timeout" or name in _TLS_OF_REDIS
    return name in _OF_BROKERS or (of_redis and url.kind.is_redis)


def _own(url: BrokerUrl) -> Collection[str]:
    """What only this program takes from a URL, for a connection of its own."""
    return {"master_name"} if url.kind.is_redis else _TLS_OPTIONS
