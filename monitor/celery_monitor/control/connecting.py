"""Applications of the monitor's own, whose connections give up after a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery_health.survey.app_connection import AppConnection

SECONDS = 2.5
"""For each step: connecting, sending, reading."""


def own_app(connection: AppConnection, **settings: Any) -> Any:
    """An application with the settings of ``--app`` where there is one, and these settings on top.

    The application of ``--app`` itself stays as it is. This imports Celery.
    """
    from celery import Celery  # noqa: PLC0415
    from celery.app.defaults import SETTING_KEYS  # noqa: PLC0415

    app = Celery("celery_monitor", set_as_current=False)
    if connection.app is not None:
        given = {key: connection.app.conf.get(key) for key in SETTING_KEYS if key != "deprecated_settings"}
        app.conf.update({key: value for key, value in given.items() if value is not None})
    app.conf.update(
        broker_url=connection.broker_url,
        broker_read_url=connection.broker_url,
        broker_write_url=connection.broker_url,
        result_backend=connection.result_backend_url,
        redis_socket_timeout=SECONDS,
        redis_socket_connect_timeout=SECONDS,
    )
    app.conf.update(**settings)
    return app


@contextmanager
def sending(app: Any) -> Iterator[Any]:
    """A connection to the broker that gives up, and that waits for RabbitMQ's confirmation of a message."""
    timeouts = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
    if app.connection_for_write().transport.driver_type == "amqp":
        timeouts = {"read_timeout": SECONDS, "write_timeout": SECONDS}
    options = {"confirm_publish": True, **timeouts}
    with app.connection_for_write(connect_timeout=SECONDS, transport_options=options) as connection:
        yield connection
