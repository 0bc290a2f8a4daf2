"""The check of the fleet that the monitor makes on demand."""

from celery import Celery
from tools.testbed.servers import RedisServer

from celery_health.catalogue.health import HealthState
from celery_health.survey.app_connection import resolve
from celery_monitor.live.fleet_check import FleetCheck


async def test_settings_that_celery_refuses_are_a_reading_of_the_broker(redis: RedisServer) -> None:
    app = Celery("refused", broker=redis.database(0), backend=redis.database(1), set_as_current=False)
    app.conf.redis_max_connections = "9"
    check = FleetCheck(resolve(app, "refused", None, None, {}))
    try:
        state = await check.state()
    finally:
        await check.close()
        app.close()
    assert state.result.health is HealthState.UNHEALTHY
    assert (
        "has settings for its result backend that Celery refuses: ValueError"
        in state.result.problems[0].message
    )
