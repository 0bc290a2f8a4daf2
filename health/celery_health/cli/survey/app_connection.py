"""What is looked at: the application, its broker and its result store."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from celery_health.broker import RedisNaming
from celery_health.cli.survey.app_loading import ConfigurationError, first_line, not_loaded
from celery_health.urls import BrokerUrl, UrlError, parse

# $HOST, ${HOST}, {{ host }}, <host>, %HOST%: what a shell or a template should have replaced.
_PLACEHOLDER = re.compile(r"[$<>{}%]")


@dataclass(frozen=True, slots=True)
class Target:
    """``app`` is None where none is named: one is then made when workers are asked."""

    broker_url: str
    broker: BrokerUrl
    store_url: str | None = None
    app: Any = None
    name: str = "APP"
    """What stands behind ``celery -A`` in commands."""
    naming: RedisNaming = RedisNaming()  # noqa: RUF009 (frozen)
    queues: tuple[str, ...] = ()
    visibility_timeout: float | None = None
    exchange: str = "celery"
    """The application's control_exchange: two that share a broker may differ in it."""
    fanout_prefix: str = "/{db}."
    """What kombu writes before the names of Redis channels, so that databases do not hear each other."""
    remote_control: bool = True
    """Whether the application's workers listen to remote control."""

    def celery(self) -> Any:
        """The application to ask workers and send tasks with."""
        if self.app is not None:
            return self.app
        from celery import Celery  # noqa: PLC0415

        return Celery("celery_health", broker=self.broker_url, backend=self.store_url, set_as_current=False)


def resolve(
    app: Any,
    name: str | None,
    broker: str | None,
    result_backend: str | None,
    environment: Mapping[str, str],
) -> Target:
    """Options first, then the application, then the environment.

    Raises:
        ConfigurationError: nothing names a broker, its URL is none, or the application's settings are ill.
    """
    own_broker, own_store = _of_app(app, name)
    url = broker or own_broker or environment.get("CELERY_BROKER_URL", "") or environment.get("REDIS_URL", "")
    if not url:
        raise ConfigurationError(
            "No broker is given: write --broker redis://HOST:6379/0, or -A APP, or set CELERY_BROKER_URL."
        )
    store = result_backend or own_store or environment.get("CELERY_RESULT_BACKEND") or None
    parsed = _parsed(url, "broker")
    if store:
        _parsed(store, "result store")
    if app is None:
        return Target(url, parsed, store)
    app.conf.broker_url = app.conf.broker_read_url = app.conf.broker_write_url = broker or own_broker or url
    if store:
        app.conf.result_backend = store
    if broker or result_backend:
        _override(broker, result_backend)
    return _with_settings(app, name or "APP", url, store)


def _override(broker: str | None, result_backend: str | None) -> None:
    """Celery lets these variables win over the application's configuration: so must the options."""
    for name, value in (
        ("CELERY_BROKER_URL", broker),
        ("CELERY_BROKER_READ_URL", broker),
        ("CELERY_BROKER_WRITE_URL", broker),
        ("CELERY_RESULT_BACKEND", result_backend),
    ):
        if value:
            os.environ[name] = value


def _of_app(app: Any, name: str | None) -> tuple[str, str | None]:
    """Broker and result store as the application's workers read them."""
    if app is None:
        return "", None
    try:
        broker, store = app.conf.broker_read_url, app.conf.result_backend
    except Exception as error:  # settings are read when first asked for: whatever they raise is theirs
        raise not_loaded(
            name or "APP", f"its settings raise {type(error).__name__}: {first_line(error)}"
        ) from error
    url = ";".join(broker) if isinstance(broker, list | tuple) else str(broker or "")
    return url, store if isinstance(store, str) else None


def _with_settings(app: Any, name: str, url: str, store: str | None) -> Target:
    options = app.conf.broker_transport_options or {}
    secure = with_master(with_tls(url, app.conf.broker_use_ssl), options.get("master_name"))
    return Target(
        broker_url=secure,
        broker=_parsed(secure, "broker"),
        store_url=with_tls(store, getattr(app.conf, "redis_backend_use_ssl", None)) if store else None,
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
        visibility_timeout=options.get("visibility_timeout"),
        exchange=app.conf.control_exchange or "celery",
        fanout_prefix=_fanout_prefix(options.get("fanout_prefix", True)),
        remote_control=bool(app.conf.worker_enable_remote_control),
    )


def _fanout_prefix(option: object) -> str:
    """As kombu reads it: a text of one's own, the usual one, or none."""
    if isinstance(option, str) and option:
        return option
    return "/{db}." if option else ""


def with_tls(url: str, use_ssl: object) -> str:
    """The URL that says itself what ``broker_use_ssl`` says beside it."""
    plain = {"redis://": "rediss://", "amqp://": "amqps://", "pyamqp://": "amqps://"}
    if not use_ssl or not url.startswith(tuple(plain)):
        return url
    scheme = next(one for one in plain if url.startswith(one))
    secure = plain[scheme] + url[len(scheme) :]
    if not isinstance(use_ssl, Mapping):
        return secure
    told = {
        f"ssl_{str(key).removeprefix('ssl_')}": _mode(value) if str(key).endswith("cert_reqs") else str(value)
        for key, value in use_ssl.items()
        if str(key).removeprefix("ssl_") in {"cert_reqs", "ca_certs", "certfile", "keyfile"}
    }
    return f"{secure}{'&' if '?' in secure else '?'}{urlencode(told, quote_via=quote)}" if told else secure


def with_master(url: str, master: object) -> str:
    """The URL that says itself which master ``broker_transport_options`` names for the Sentinels."""
    if not master or not url.startswith("sentinel://") or "master_name=" in url:
        return url
    first, *others = url.split(";")
    named = f"{first}{'&' if '?' in first else '?'}{urlencode({'master_name': master}, quote_via=quote)}"
    return ";".join([named, *others])


def _mode(value: object) -> str:
    """``ssl.CERT_NONE`` or ``"CERT_NONE"`` or ``"none"``, as kombu takes them."""
    return str(getattr(value, "name", value)).lower().removeprefix("cert_")


def _parsed(url: str, what: str) -> BrokerUrl:
    try:
        parsed = parse(url)
    except UrlError as error:
        raise ConfigurationError(f"The URL of the {what} cannot be used: {error}") from error
    if _PLACEHOLDER.search(parsed.host):
        raise ConfigurationError(
            f"The URL of the {what} cannot be used: {parsed.host!r} is the place for a name, not a name: "
            "replace it by the host."
        )
    return parsed
