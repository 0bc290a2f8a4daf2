"""Chooses the receiver for a broker URL."""

from celery_health.readers.parameters import parse_broker
from celery_health.urls import BrokerKind, BrokerUrl, UrlError
from celery_monitor.events.receivers.purpose import EVENTS, Purpose
from celery_monitor.events.receivers.receiver import Receiver
from celery_monitor.events.receivers.redis import EventChannels, RedisReceiver


def open_receiver(
    broker: str | BrokerUrl,
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
    url = parse_broker(broker) if isinstance(broker, str) else broker
    if url.kind is BrokerKind.SENTINEL and not url.master_name:
        raise UrlError(
            f"{url.address} does not name the master: use --master-name, with the master_name of "
            "broker_transport_options."
        )
    if url.needs_app:
        raise UrlError(
            f"Events cannot be received from {url.address} with these options of TLS: use ca_certs, "
            "certfile, keyfile, cert_reqs and the host name alone."
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
