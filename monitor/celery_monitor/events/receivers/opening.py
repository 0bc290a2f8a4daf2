"""Chooses the receiver for a broker URL."""

from urllib.parse import parse_qs, unquote, urlsplit

from celery_health.urls import BrokerKind, BrokerUrl, UrlError, parse
from celery_monitor.events.receivers.purpose import EVENTS, Purpose
from celery_monitor.events.receivers.receiver import Receiver
from celery_monitor.events.receivers.redis import EventChannels, RedisReceiver

# kombu's scheme of a Redis on a Unix socket, and redis-py's.
_SOCKET_SCHEMES = frozenset({"redis+socket", "unix"})


def open_receiver(
    broker_url: str,
    *,
    exchange: str = "celeryev",
    key_prefix: str = "",
    fanout_prefix: bool | str = True,
    purpose: Purpose = EVENTS,
) -> Receiver:
    """The receiver of a broker. It connects when it runs.

    ``exchange`` is the application's ``event_exchange``, or the exchange of another purpose. ``key_prefix``
    and ``fanout_prefix`` are ``global_keyprefix`` and ``fanout_prefix`` of its ``broker_transport_options``
    and concern Redis only.

    Raises:
        UrlError: the text is no URL, or the URL of a broker that carries no events.
    """
    channels = EventChannels(exchange, key_prefix, _prefix(fanout_prefix))
    if broker_url.partition("://")[0] in _SOCKET_SCHEMES:
        return RedisReceiver(_socket_url(broker_url), channels, purpose)
    url = parse(broker_url)
    if url.kind is BrokerKind.SENTINEL and not url.query.get("master_name"):
        raise UrlError(
            f"{url.address} does not name the master: add ?master_name=NAME to the URL, with the master_name "
            "of broker_transport_options."
        )
    if url.kind.is_redis:
        return RedisReceiver(url, channels, purpose)
    if url.kind.is_amqp:
        from celery_monitor.events.receivers.rabbitmq import RabbitReceiver  # noqa: PLC0415  not both are needed

        return RabbitReceiver(url, exchange, purpose)
    raise UrlError(
        f"Events cannot be received from {url.address}: write redis://, rediss://, sentinel://, amqp:// or "
        "amqps://."
    )


def _prefix(option: bool | str) -> str:
    if isinstance(option, str):
        return option
    return EventChannels().fanout_prefix if option else ""


def _socket_url(text: str) -> BrokerUrl:
    """``redis+socket:///PATH?virtual_host=DB``, as kombu reads it."""
    parts = urlsplit(text)
    query = parse_qs(parts.query)
    database = (query.get("virtual_host") or query.get("db") or ["0"])[-1].strip("/") or "0"
    if not parts.path or not database.isdecimal():
        raise UrlError(f"The URL of the socket cannot be read: write {parts.scheme}:///PATH?virtual_host=0.")
    return BrokerUrl(
        kind=BrokerKind.REDIS,
        scheme=parts.scheme,
        host="",
        port=None,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        database=int(database),
        path=unquote(parts.path),
    )
