"""A worker listens to the deaths that others announce, also after an error at its start."""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from celery import Celery
from kombu import Connection
from redis import Redis
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.own_quarantine.announcements import Announcements
from celery_probe.agent.worker.own_connection import TIMEOUT_SECONDS


def test_a_worker_listens_although_redis_answers_late_at_its_start(redis: RedisServer) -> None:
    received, errors = list[Any](), ErrorLog()
    app = Celery("shop", broker=redis.url, set_as_current=False)
    with Redis.from_url(redis.url) as client, Connection(redis.url) as connection:
        # The worker has connected before.
        connection.default_channel.client.ping()
        client.client_pause(int(1500 * TIMEOUT_SECONDS))
        consumer: Any = SimpleNamespace(connection=connection, hostname="one@here")
        announcements = Announcements(app, "late.dead-letter", received.append, errors)
        announcements.listen(consumer)

        def arrives() -> bool:
            deaths = {"deaths": {"a": 1}}
            connection.Producer().publish(deaths, exchange="late.dead-letter.pidbox", serializer="json")
            # kombu subscribes when it waits for the first time.
            with suppress(TimeoutError):
                connection.drain_events(timeout=0.2)
            return bool(received)

        wait_for(arrives, 20, "the announcement")
        announcements.stop()
    assert received[0] == {"a": 1}
    assert errors.count == 0
