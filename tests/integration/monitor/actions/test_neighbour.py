"""The connections of the monitor that answers starting workers, as Redis sees them."""

from pathlib import Path

from redis import Redis
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for_async

from celery_health.survey.app_connection import resolve
from celery_monitor.control.cancels.neighbour import Neighbour


async def test_without_cancelled_tasks_no_connection_stays_open(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server, Redis.from_url(server.url) as client:

        async def has_connected() -> bool:
            return len(client.client_list()) >= 3

        async def has_left() -> bool:
            return len(client.client_list()) == 1

        neighbour = Neighbour(resolve(None, None, server.url, None, {}))
        for _ in range(2):
            neighbour.offer(["1"])
            await wait_for_async(has_connected, 60)
            neighbour.offer([])
            await wait_for_async(has_left, 60)
        await neighbour.close()
