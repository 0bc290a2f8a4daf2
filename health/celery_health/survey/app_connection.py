"""The application that is checked: its broker, its result backend and the settings that a check needs."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from celery_health.broker import RedisNaming
from celery_health.error_text import in_one_line
from celery_health.survey.app_loading import ConfigurationError, not_loaded
from celery_health.urls import BrokerUrl, UrlError, parse
from celery_health.wire.names import DEAD_LETTER_SUFFIX

# $HOST, ${HOST}, {{ host }}, <host>, %HOST%: placeholders that a shell or a template should have replaced.
_PLACEHOLDER = re.compile(r"[$<>{}%]")


@dataclass(frozen=True, slots=True)
class AppConnection:
    """How to reach an application. ``app`` is None if only a broker is named."""

    broker_url: str
    broker: BrokerUrl
    result_backend_url: str | None = None
    app: Any = None
    name: str = "APP"
    """The value of ``celery -A``, for commands."""
    naming: RedisNaming = RedisNaming()  # noqa: RUF009 (frozen)
    queues: tuple[str, ...] = ()
    default_queue: str = "celery"
    """Where tasks without a route go."""
    has_quarantine: bool = False
    """Whether the application's workers have ``presets.quarantine()``."""
    visibility_timeout: float | None = None
    exchange: str = "celery"
    """The application's ``control_exchange``. Applications that share a broker may have different ones."""
    fanout_prefix: str = "/{db}."
    """The prefix of kombu's Redis channels, which keeps databases apart."""
    remote_control: bool = True
    """Whether the application's workers accept remote control."""

    @property
    def dead_letter_queue(self) -> str:
        """Where the application's workers move the messages of poison tasks."""
        return self.default_queue + DEAD_LETTER_SUFFIX

    def celery(self) -> Any:
        """The application for remote control and test tasks; one of our own if only a broker is named."""
        return self.app if self.app is not None else _own_app(self.broker_url, self.result_backend_url)


@lru_cache(maxsize=4)
def _own_app(broker: str, result_backend: str | None) -> Any:
    """Made once: a program that checks for days would collect applications and their connections."""
    from celery import Celery  # noqa: PLC0415

    return Celery("celery_health", broker=broker, backend=result_backend, set_as_current=False)


def resolve(
    app: Any,
    name: str | None,
    broker: str | None,
    result_backend: str | None,
    environment: Mapping[str, str],
) -> AppConnection:
    """Take the URLs from the options first, then from the application, then from the environment.

    Raises:
        ConfigurationError: no broker is named, a URL is invalid, or the settings raise an error.
    """
    app_broker, app_backend = _urls_of_app(app, name)
    url = broker or app_broker or environment.get("CELERY_BROKER_URL", "") or environment.get("REDIS_URL", "")
    if not url:
        raise ConfigurationError(
            "No broker is named: use --broker redis://HOST:6379/0 or -A APP, or set CELERY_BROKER_URL."
        )
    backend = result_backend or app_backend or environment.get("CELERY_RESULT_BACKEND") or None
    parsed = _parsed(url, "broker")
    if backend:
        _parsed(backend, "result backend")
    if app is None:
        return AppConnection(url, parsed, backend)
    app.conf.broker_url = app.conf.broker_read_url = broker or app_broker or url
    if backend:
        app.conf.result_backend = backend
    if broker or result_backend:
        _override(broker, result_backend)
    return _with_settings(app, name or "APP", url, backend)


def _override(broker: str | None, result_backend: str | None) -> None:
    """Celery prefers these variables to the application's configuration, so the options must set them too."""
    for name, value in (
        ("CELERY_BROKER_URL", broker),
        ("CELERY_BROKER_READ_URL", broker),
        ("CELERY_BROKER_WRITE_URL", broker),
        ("CELERY_RESULT_BACKEND", result_backend),
    ):
        if value:
            os.environ[name] = value


def _urls_of_app(app: Any, name: str | None) -> tuple[str, str | None]:
    """The broker and the result backend of the application's workers."""
    if app is None:
        return "", None
    try:
        broker, backend = app.conf.broker_read_url, app.conf.result_backend
    except Exception as error:  # the first access loads the settings, and they may raise anything
        raise not_loaded(name or "APP", f"its settings raise {in_one_line(error).rstrip('.')}") from error
    url = ";".join(broker) if isinstance(broker, list | tuple) else str(broker or "")
    return url, backend if isinstance(backend, str) else None


def _with_settings(app: Any, name: str, url: str, backend: str | None) -> AppConnection:
    # Imported only here, where Celery is loaded.
    from celery_health.presets.poison_tasks import CONSUMER  # noqa: PLC0415

    options = app.conf.broker_transport_options or {}
    secure = with_master(with_tls(url, app.conf.broker_use_ssl), options.get("master_name"))
    return AppConnection(
        broker_url=secure,
        broker=_parsed(secure, "broker"),
        result_backend_url=with_tls(backend, getattr(app.conf, "redis_backend_use_ssl", None))
        if backend
        else None,
        app=app,
        name=name,
        naming=RedisNaming(
            priority_steps=tuple(options.get("priority_steps") or (0, 3, 6, 9)),
            separator=str(options.get("sep") or "\x06\x16"),
            key_prefix=str(options.get("global_keyprefix") or ""),
            unacked_key=str(options.get("unacked_key") or "unacked"),
            unacked_index_key=str(options.get("unacked_index_key") or "unacked_index"),
        ),
        queues=tuple(str(queue) for queue in app.amqp.queues),
        default_queue=str(app.conf.task_default_queue),
        has_quarantine=app.conf.worker_consumer == CONSUMER.value,
        visibility_timeout=options.get("visibility_timeout"),
        exchange=app.conf.control_exchange or "celery",
        fanout_prefix=_fanout_prefix(options.get("fanout_prefix", True)),
        remote_control=bool(app.conf.worker_enable_remote_control),
    )


def _fanout_prefix(option: object) -> str:
    """As kombu reads the option: a prefix, True for the default prefix, or False for none."""
    if isinstance(option, str) and option:
        return option
    return "/{db}." if option else ""


def with_tls(url: str, use_ssl: object) -> str:
    """The URL with the settings of ``broker_use_ssl`` in it."""
    plain = {"redis://": "rediss://", "amqp://": "amqps://", "pyamqp://": "amqps://"}
    if not use_ssl or not url.startswith(tuple(plain)):
        return url
    scheme = next(one for one in plain if url.startswith(one))
    secure = plain[scheme] + url[len(scheme) :]
    if not isinstance(use_ssl, Mapping):
        return secure
    options = {
        f"ssl_{str(key).removeprefix('ssl_')}": _mode(value) if str(key).endswith("cert_reqs") else str(value)
        for key, value in use_ssl.items()
        if str(key).removeprefix("ssl_") in {"cert_reqs", "ca_certs", "certfile", "keyfile"}
    }
    return (
        f"{secure}{'&' if '?' in secure else '?'}{urlencode(options, quote_via=quote)}" if options else secure
    )


def with_master(url: str, master: object) -> str:
    """The URL with the master name of ``broker_transport_options`` in it."""
    if not master or not url.startswith("sentinel://") or "master_name=" in url:
        return url
    first, *others = url.split(";")
    named = f"{first}{'&' if '?' in first else '?'}{urlencode({'master_name': master}, quote_via=quote)}"
    return ";".join([named, *others])


def _mode(value: object) -> str:
    """``none`` for ``ssl.CERT_NONE``, ``"CERT_NONE"`` and ``"none"``: kombu accepts all of them."""
    return str(getattr(value, "name", value)).lower().removeprefix("cert_")


def _parsed(url: str, what: str) -> BrokerUrl:
    try:
        parsed = parse(url)
    except UrlError as error:
        raise ConfigurationError(f"The URL of the {what} cannot be used: {error}") from error
    if _PLACEHOLDER.search(parsed.host):
        raise ConfigurationError(
            f"The URL of the {what} cannot be used: {parsed.host!r} is a placeholder. Replace it with "
            "the host name."
        )
    return parsed
