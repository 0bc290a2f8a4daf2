"""Connections to RabbitMQ, and the meaning of their errors."""

from typing import Any

import amqp

from celery_health.readers import reachability
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS
from celery_health.readers.tls import amqp_options
from celery_health.urls import BrokerUrl


def connected(url: BrokerUrl) -> Any:
    """A new connection of py-amqp without heartbeats. It raises what py-amqp raises."""
    connection = amqp.Connection(
        host=f"[{url.host}]:{url.port}" if ":" in url.host else f"{url.host}:{url.port}",
        userid=url.username or "guest",
        password=url.password or "guest",
        virtual_host=url.vhost or "/",
        login_method="PLAIN",
        ssl=amqp_options(url) if url.tls else False,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        write_timeout=READ_SECONDS,
        heartbeat=0,
        client_properties={"connection_name": "celery-operator"},
    )
    try:
        connection.connect()
    except BaseException:
        connection.collect()
        raise
    return connection


def amqp_reachability(error: BaseException, url: BrokerUrl) -> Reachability:
    """The meaning of an exception of py-amqp."""
    if isinstance(error, amqp.AccessRefused):
        return reachability.authentication_failed(url)
    if isinstance(error, amqp.NotAllowed):
        if "limit" in str(error):
            return reachability.too_many_connections(url)
        return reachability.no_such_virtual_host(url, "the path of the URL")
    if meaning := reachability.connection_error(error, url):
        return meaning
    if isinstance(error, OSError):
        return reachability.connection_closed(url)
    return reachability.other_error(url, getattr(error, "reply_text", "") or error)
