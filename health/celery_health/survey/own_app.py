"""An application of this program's own, where only a broker is named."""

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from celery_health.readers.tls import amqp_options
from celery_health.urls import BrokerUrl, parse

_OWN = ("master_name",)


@lru_cache(maxsize=4)
def own_app(broker: str, result_backend: str | None, master_name: str | None = None) -> Any:
    """Made once: a program that checks for days would collect applications and their connections."""
    from celery import Celery  # noqa: PLC0415

    url = parse(broker)
    app = Celery("celery_health", broker=for_kombu(broker, url), backend=result_backend, set_as_current=False)
    # What kombu does not take from a URL.
    if name := master_name or url.master_name:
        app.conf.broker_transport_options = {"master_name": name}
    if url.kind.is_amqp and url.tls:
        app.conf.broker_use_ssl = amqp_options(url)
    return app


def for_kombu(text: str, url: BrokerUrl) -> str:
    """The text without the parameters that kombu refuses."""
    return ";".join(_without(one, is_amqp=url.kind.is_amqp) for one in text.split(";"))


def _without(text: str, *, is_amqp: bool) -> str:
    rest, separator, query = text.partition("?")
    if not separator:
        return text
    kept = [
        (name, value)
        for name, value in parse_qsl(query)
        if name not in _OWN and not (is_amqp and name.startswith("ssl_"))
    ]
    return f"{rest}?{urlencode(kept, quote_via=quote)}" if kept else rest
