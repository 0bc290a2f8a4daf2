"""While the broker is away, each screen with its numbers says how old they are."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from celery import Celery
from playwright.sync_api import expect
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.monitor.monitor_process import Monitor, monitor
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import SECONDS

SCREENS = ("", "/queues", "/queues/letters", "/workers", "/workers/gone@web-1")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def watching(home: Path, tmp_path: Path, redis: RedisServer) -> Iterator[Monitor]:
    """A monitor that has read one message that waits."""
    with Celery(broker=redis.url, set_as_current=False) as app:
        app.send_task("shop.tasks.write", queue="letters")
    options = ("--broker", redis.url, "--token-file", str(home / "tokens"))
    with monitor(tmp_path / "monitor", *options) as running:

        def ready() -> list[int]:
            return [one["ready"] for one in running.get("/queues")["queues"] if one["name"] == "letters"]

        wait_for(lambda: ready() == [1], SECONDS, running.text)
        yield running


def test_numbers_of_a_broker_that_is_away_have_their_time(
    redis: RedisServer, watching: Monitor, open_window: Open
) -> None:
    window = open_window(watching, "/monitoring/queues")
    page = window.page
    window.wait_until_settled()
    age = page.get_by_role("region", name="Age of the numbers")
    expect(page.get_by_role("row").filter(has_text="letters")).to_be_visible()
    expect(age).to_have_count(0)
    window.requests_may_fail = True
    redis.stop()
    stopped = time.time()
    for screen in SCREENS:
        page.goto(f"/monitoring{screen}")
        expect(age).to_contain_text("Data as of")
        read = age.locator("time").get_attribute("datetime")
        assert read is not None
        assert datetime.fromisoformat(read).timestamp() <= stopped
        window.check(f"broker away{screen.replace('/', ' ')}")
    redis.start()
    expect(age).to_have_count(0)
