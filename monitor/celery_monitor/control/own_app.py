"""Applications of the monitor's own, whose connections give up after a time."""

from typing import Any

from celery_health.survey.app_connection import AppConnection
from celery_health.survey.own_app import for_kombu
from celery_monitor.remote_control.connecting import SECONDS


def own_app(connection: AppConnection, **settings: Any) -> Any:
    """An application with the settings of ``--app`` where there is one, and these settings on top.

    The application of ``--app`` itself stays as it is. This imports Celery.
    """
    from celery import Celery  # noqa: PLC0415
    from celery.app.defaults import SETTING_KEYS  # noqa: PLC0415

    app = Celery("celery_monitor", set_as_current=False)
    source = connection.celery()
    given = {key: source.conf.get(key) for key in SETTING_KEYS if key != "deprecated_settings"}
    app.conf.update({key: value for key, value in given.items() if value is not None})
    if connection.app is None:
        # Or Celery would take them from variables.
        url = for_kombu(connection.broker_url, connection.broker)
        app.conf.update(broker_url=url, broker_read_url=url, broker_write_url=url)
        app.conf.update(result_backend=connection.result_backend_url)
    app.conf.update(
        redis_socket_timeout=SECONDS,
        redis_socket_connect_timeout=SECONDS,
    )
    app.conf.update(**settings)
    return app
