"""The URLs that an application or an option names, read as its workers read them."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from celery_health.readers.parameters import check_parameters, check_parameters_of_results, parse_broker
from celery_health.schemes import TRANSPORTS, check_broker, check_result_backend
from celery_health.survey.app_loading import ConfigurationError
from celery_health.survey.app_urls.schemes import with_scheme
from celery_health.survey.app_urls.settings import app_broker, app_result_backend, with_transport_options
from celery_health.urls import BrokerKind, BrokerUrl, UrlError, parse_result_backend

DEFAULT_BROKER = "amqp://guest:guest@localhost:5672//"
"""The broker of an application that names none."""


def broker_text(setting: object, conf: Any) -> str:
    """The URL, or the URLs, of a broker's setting."""
    urls = setting if isinstance(setting, list | tuple) else [setting]
    text = ";".join(_text("broker_url", one or "") for one in urls)
    if text.startswith(";"):  # the first of several, such as a variable that is not set
        text = DEFAULT_BROKER + text
    with usable("The broker of the application"):
        return with_scheme(text, conf)


def result_backend_text(conf: Any) -> str | None:
    """The result backend, which may be a class."""
    backend = conf.result_backend
    if isinstance(backend, type):
        return f"{backend.__module__}:{backend.__qualname__}"
    return _text("result_backend", backend) if backend else None


def _text(setting: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise ConfigurationError(
        f"The setting {setting} is of the type {type(value).__name__}, which ends each worker: write a text, "
        "such as with str()."
    )


def parsed_broker(url: str, *, of_workers: bool = False) -> BrokerUrl:
    """The URL of a broker. ``of_workers``: as for ``check_parameters``."""
    with usable("The URL of the broker"):
        parsed = parse_broker(url)
        check_broker(parsed, _transports())
        check_parameters(parsed, of_workers=of_workers)
    return parsed


def parsed_result_backend(text: str | None) -> BrokerUrl | None:
    """The URL of a result backend, None where none is named."""
    if not text:
        return None
    with usable("The URL of the result backend"):
        parsed = parse_result_backend(text)
        check_result_backend(parsed)
        check_parameters_of_results(parsed)
    return parsed


def broker_of_app(url: str, conf: Any) -> BrokerUrl:
    """The broker at this URL, with the options of the application."""
    with usable("The broker of the application"):
        broker = app_broker(url, conf)
        broker = with_transport_options(broker, conf.broker_transport_options or {}, conf.broker_login_method)
        if broker.kind is BrokerKind.SENTINEL and not broker.master_name:
            raise UrlError(
                "Celery refuses Sentinels without master_name: set it in broker_transport_options."
            )
    return broker


def result_backend_of_app(text: str, conf: Any) -> BrokerUrl:
    """The result backend at this URL, with the options of the application."""
    with usable("The result backend of the application"):
        backend = app_result_backend(text, conf)
        return with_transport_options(backend, conf.result_backend_transport_options or {})


@contextmanager
def usable(what: str) -> Iterator[None]:
    """The block reads the URLs of ``what``.

    Raises:
        ConfigurationError: the block has raised a UrlError. The message says both.
    """
    try:
        yield
    except UrlError as error:
        raise ConfigurationError(f"{what} cannot be used: {error}") from error


def _transports() -> Collection[str]:
    """Those of kombu, where it is loaded: an application may have added its own."""
    kombu = sys.modules.get("kombu.transport")
    return TRANSPORTS.union(kombu.TRANSPORT_ALIASES) if kombu else TRANSPORTS
