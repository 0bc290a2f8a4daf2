"""The application that is checked: its broker, its result backend and the settings that a check needs."""

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from celery_health.broker import RedisNaming
from celery_health.environment import broker_url
from celery_health.known_secrets import remember_url
from celery_health.readers.parameters import check_parameters, check_parameters_of_results
from celery_health.schemes import TRANSPORTS, check_broker, check_result_backend
from celery_health.survey.app_loading import ConfigurationError, load_settings, settings_raise
from celery_health.survey.app_urls import (
    app_broker,
    app_result_backend,
    with_scheme,
    with_transport_options,
)
from celery_health.survey.own_app import own_app
from celery_health.urls import BrokerKind, BrokerUrl, UrlError, parse, parse_result_backend
from celery_health.wire.names import DEAD_LETTER_SUFFIX

_DEFAULT_BROKER = "amqp://guest:guest@localhost:5672//"
"""The broker of an application that names none."""


@dataclass(frozen=True, slots=True)
class AppConnection:
    """How to reach an application. ``app`` is None if only a broker is named."""

    broker_url: str
    broker: BrokerUrl
    result_backend_url: str | None = None
    result_backend: BrokerUrl | None = None
    app: Any = None
    name: str = "APP"
    """The value of ``celery -A``, for commands."""
    naming: RedisNaming = RedisNaming()  # noqa: RUF009 (frozen)
    result_prefix: str = ""
    """The prefix of the keys of results, where Redis keeps them."""
    queues: tuple[str, ...] = ()
    """The queues of tasks that the application declares, without those that belong to one process."""
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
    broker_is_default: bool = False
    """Whether the application names no broker, so that Celery uses its default."""

    @property
    def dead_letter_queue(self) -> str:
        """Where the application's workers move the messages of poison tasks."""
        return self.default_queue + DEAD_LETTER_SUFFIX

    def celery(self) -> Any:
        """The application for remote control and test tasks; one of our own if only a broker is named."""
        if self.app is not None:
            return self.app
        return own_app(self.broker_url, self.result_backend_url, self.broker.master_name)

    def with_master(self, name: str) -> "AppConnection":
        """The same with the name of the master, where Sentinels watch the broker."""
        if self.broker.kind is not BrokerKind.SENTINEL:
            return self
        return replace(self, broker=replace(self.broker, master_name=name))


def resolve(
    app: Any,
    name: str | None,
    broker: str | None,
    result_backend: str | None,
    environment: Mapping[str, str],
) -> AppConnection:
    """Take the URLs from the options first, then from the application, then from the environment.

    An application without a broker is not completed from ``REDIS_URL``, because Celery does not know it.

    Raises:
        ConfigurationError: no broker is named, a URL is invalid, or the settings raise an error.
    """
    if app is not None:
        return _of_app(app, name or "APP", broker, result_backend, environment)
    url = broker or broker_url(environment)
    if not url:
        raise ConfigurationError(
            "No broker is named: use --broker redis://HOST:6379/0 or -A APP, or set CELERY_BROKER_URL."
        )
    backend = result_backend or environment.get("CELERY_RESULT_BACKEND") or None
    remember_url(url)
    remember_url(backend or "")
    return AppConnection(url, _parsed(url), backend, _parsed_backend(backend))


def _of_app(
    app: Any, name: str, broker: str | None, result_backend: str | None, environment: Mapping[str, str]
) -> AppConnection:
    """Everything of the application is read here: its settings, and its own code, may raise anything."""
    load_settings(name, app)
    try:
        app_url, app_backend = _urls_of_app(app)
        url = broker or with_scheme(app_url, app.conf) or environment.get("CELERY_BROKER_URL", "")
        backend = result_backend or app_backend or environment.get("CELERY_RESULT_BACKEND") or None
        remember_url(url)
        remember_url(backend or "")
        _parsed(url or _DEFAULT_BROKER, of_workers=True)
        _parsed_backend(backend)
        app.conf.broker_url = app.conf.broker_read_url = url or None
        if backend:
            app.conf.result_backend = backend
        if broker or result_backend:
            _override(broker, result_backend)
        connection = _with_settings(app, name, url or _DEFAULT_BROKER, backend)
    except ConfigurationError:
        raise
    except Exception as error:
        raise settings_raise(name, error) from error
    return replace(connection, broker_is_default=not url)


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


def _urls_of_app(app: Any) -> tuple[str, str | None]:
    """The broker and the result backend of the application's workers. A backend may be a class."""
    broker, backend = app.conf.broker_read_url, app.conf.result_backend
    url = ";".join(broker) if isinstance(broker, list | tuple) else str(broker or "")
    if isinstance(backend, type):
        return url, f"{backend.__module__}:{backend.__qualname__}"
    return url, backend if isinstance(backend, str) else None


def _with_settings(app: Any, name: str, url: str, backend: str | None) -> AppConnection:
    # Imported only here, where Celery is loaded.
    from celery_health.presets.poison_tasks import CONSUMER  # noqa: PLC0415

    options = app.conf.broker_transport_options or {}
    stored = _app_result_backend(backend, app.conf) if backend else None
    return AppConnection(
        broker_url=url,
        broker=_app_broker(url, app.conf),
        result_backend_url=backend,
        result_backend=stored,
        app=app,
        name=name,
        naming=RedisNaming(
            priority_steps=tuple(options.get("priority_steps") or (0, 3, 6, 9)),
            separator=str(options.get("sep") or "\x06\x16"),
            key_prefix=str(options.get("global_keyprefix") or ""),
            unacked_key=str(options.get("unacked_key") or "unacked"),
            unacked_index_key=str(options.get("unacked_index_key") or "unacked_index"),
        ),
        result_prefix=_result_prefix(app.conf.result_backend_transport_options or {}),
        queues=tuple(str(name) for name, queue in app.amqp.queues.items() if not _is_private(queue)),
        default_queue=str(app.conf.task_default_queue),
        has_quarantine=app.conf.worker_consumer == CONSUMER.value,
        visibility_timeout=options.get("visibility_timeout"),
        exchange=app.conf.control_exchange or "celery",
        fanout_prefix=_fanout_prefix(options.get("fanout_prefix", True)),
        remote_control=bool(app.conf.worker_enable_remote_control),
    )


def _is_private(queue: Any) -> bool:
    """Whether each worker has a queue of its own in its place, or one worker has it alone."""
    return bool(queue.exclusive or queue.auto_delete or getattr(queue.exchange, "type", "") == "fanout")


def _result_prefix(options: Mapping[str, Any]) -> str:
    """As Celery completes the option."""
    prefix = str(options.get("global_keyprefix") or "")
    return prefix if not prefix or prefix[-1] in ":_-." else f"{prefix}_"


def _fanout_prefix(option: object) -> str:
    """As kombu reads the option: a prefix, True for the default prefix, or False for none."""
    if isinstance(option, str) and option:
        return option
    return "/{db}." if option else ""


def _parsed(url: str, *, of_workers: bool = False) -> BrokerUrl:
    try:
        parsed = parse(url)
        check_broker(parsed, _transports())
        check_parameters(parsed, of_workers=of_workers)
        return parsed
    except UrlError as error:
        raise ConfigurationError(f"The URL of the broker cannot be used: {error}") from error


def _parsed_backend(text: str | None) -> BrokerUrl | None:
    try:
        parsed = parse_result_backend(text) if text else None
        if parsed is not None:
            check_result_backend(parsed)
            check_parameters_of_results(parsed)
        return parsed
    except UrlError as error:
        raise ConfigurationError(f"The URL of the result backend cannot be used: {error}") from error


def _app_broker(url: str, conf: Any) -> BrokerUrl:
    try:
        broker = app_broker(url, conf)
        broker = with_transport_options(broker, conf.broker_transport_options or {}, conf.broker_login_method)
        if broker.kind is BrokerKind.SENTINEL and not broker.master_name:
            raise UrlError(
                "Celery refuses Sentinels without master_name: set it in broker_transport_options."
            )
        return broker
    except UrlError as error:
        raise ConfigurationError(f"The broker of the application cannot be used: {error}") from error


def _app_result_backend(text: str, conf: Any) -> BrokerUrl:
    try:
        return with_transport_options(
            app_result_backend(text, conf), conf.result_backend_transport_options or {}
        )
    except UrlError as error:
        raise ConfigurationError(f"The result backend of the application cannot be used: {error}") from error


def _transports() -> Collection[str]:
    """Those of kombu, where it is loaded: an application may have added its own."""
    kombu = sys.modules.get("kombu.transport")
    return TRANSPORTS.union(kombu.TRANSPORT_ALIASES) if kombu else TRANSPORTS
