"""The application that is checked: its broker, its result backend and the settings that a check needs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from celery_health.broker import RedisNaming
from celery_health.environment import broker_url
from celery_health.known_secrets import remember_url
from celery_health.survey.app_loading import ConfigurationError, load_settings, settings_raise
from celery_health.survey.app_urls.reading import (
    DEFAULT_BROKER,
    broker_of_app,
    broker_text,
    parsed_broker,
    parsed_result_backend,
    result_backend_of_app,
    result_backend_text,
)
from celery_health.survey.own_app import own_app
from celery_health.urls import BrokerKind, BrokerUrl
from celery_health.wire.names import DEAD_LETTER_SUFFIX

UNNAMED = "APP"
"""What stands for the name of an application in commands, where no name is known."""


@dataclass(frozen=True, slots=True)
class AppConnection:
    """How to reach an application. ``app`` is None if only a broker is named."""

    broker_url: str
    broker: BrokerUrl
    result_backend_url: str | None = None
    result_backend: BrokerUrl | None = None
    write_broker: BrokerUrl | None = None
    """Where the application and its workers send, None if they send to ``broker``, from which they read."""
    app: Any = None
    name: str = UNNAMED
    """The value of ``celery -A``, for commands; empty where Celery needs no ``-A``."""
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
    accepted: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    """By what has connected with the application's own settings: these settings."""

    @property
    def dead_letter_queue(self) -> str:
        """Where the application's workers move the messages of poison tasks."""
        return self.default_queue + DEAD_LETTER_SUFFIX

    @property
    def sent_to(self) -> BrokerUrl:
        """The broker that gets the messages of the application."""
        return self.write_broker or self.broker

    @property
    def keeps_results(self) -> bool:
        """Whether results are kept at a place that others than their sender can read."""
        url = self.result_backend_url
        return bool(url) and not str(url).startswith(("rpc", "disabled"))

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

    ``name``: that of ``app`` for ``celery -A``; empty where Celery needs none.

    An application without a broker is not completed from ``REDIS_URL``, because Celery does not know it.

    Raises:
        ConfigurationError: no broker is named, a URL is invalid, or the settings raise an error.
    """
    if app is not None:
        return _of_app(app, name or "", broker, result_backend, environment)
    url = broker or broker_url(environment)
    if not url:
        raise ConfigurationError(
            "No broker is named: use --broker redis://HOST:6379/0 or -A APP, or set CELERY_BROKER_URL."
        )
    backend = result_backend or environment.get("CELERY_RESULT_BACKEND") or None
    remember_url(url)
    remember_url(backend or "")
    return AppConnection(url, parsed_broker(url), backend, parsed_result_backend(backend))


def _of_app(
    app: Any, name: str, broker: str | None, result_backend: str | None, environment: Mapping[str, str]
) -> AppConnection:
    """Everything of the application is read here: its settings, and its own code, may raise anything."""
    load_settings(name, app)
    try:
        named = environment.get("CELERY_BROKER_URL", "")
        url = broker or broker_text(app.conf.broker_read_url, app.conf) or named
        write_url = broker or broker_text(app.conf.broker_write_url, app.conf) or named
        write_url = write_url or (url and DEFAULT_BROKER)
        backend = result_backend or result_backend_text(app.conf) or environment.get("CELERY_RESULT_BACKEND")
        for one in (url, write_url, backend or ""):
            remember_url(one)
        for one in (url, write_url):
            parsed_broker(one or DEFAULT_BROKER, of_workers=True)
        parsed_result_backend(backend)
        app.conf.broker_url = app.conf.broker_read_url = url or None
        app.conf.broker_write_url = write_url or None
        if backend:
            app.conf.result_backend = backend
        if broker or result_backend:
            _override(broker, result_backend)
        connection = _with_settings(app, name, url or DEFAULT_BROKER, backend or None)
        if write_url != url:
            write_broker = broker_of_app(write_url or DEFAULT_BROKER, app.conf)
            connection = replace(connection, write_broker=write_broker)
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


def _with_settings(app: Any, name: str, url: str, backend: str | None) -> AppConnection:
    # Imported only here, where Celery is loaded.
    from celery_health.presets.poison_tasks import CONSUMER  # noqa: PLC0415

    options = app.conf.broker_transport_options or {}
    stored = result_backend_of_app(backend, app.conf) if backend else None
    return AppConnection(
        broker_url=url,
        broker=broker_of_app(url, app.conf),
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
        visibility_timeout=_seconds(options.get("visibility_timeout")),
        exchange=app.conf.control_exchange or "celery",
        fanout_prefix=_fanout_prefix(options.get("fanout_prefix", True)),
        remote_control=bool(app.conf.worker_enable_remote_control),
    )


def _seconds(option: object) -> float | None:
    """None where kombu cannot compute with the option, which ends its workers."""
    return float(option) if isinstance(option, int | float) and not isinstance(option, bool) else None


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
