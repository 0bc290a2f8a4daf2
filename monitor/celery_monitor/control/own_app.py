"""Applications of the monitor's own, whose connections give up after a time."""

from typing import Any

from celery_health.survey.app_connection import AppConnection
from celery_monitor.remote_control.connecting import SECONDS


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
