"""What the clock of the API server shows, whatever that of the operator's node does."""

import random
from email.utils import formatdate

import pytest
from aiohttp import web
from kubernetes.aio.client.configuration import Configuration

from celery_operator.kube import Kube
from celery_operator.timing.server_clock import ServerClock

NOW = 1_790_000_000.0


class Nodes:
    """The clocks of two nodes, of which that of the API server is ``ahead`` by some seconds."""

    def __init__(self, ahead: float) -> None:
        self.own = NOW
        self.ahead = ahead
        self.clock = ServerClock(lambda: self.own)

    def request(self, there: float = 0.005, back: float = 0.005) -> None:
        """A request and its answer, on their way for these seconds."""
        sent_at = self.clock.time()
        self.own += there
        date = formatdate(self.own + self.ahead, usegmt=True)
        self.own += back
        self.clock.note(date, sent_at)

    @property
    def error(self) -> float:
        """By how much the time is wrong that the clock gives."""
        return abs(self.clock.now().timestamp() - (self.own + self.ahead))


def test_without_an_answer_the_own_clock_counts() -> None:
    assert Nodes(0.0).error == 0.0


@pytest.mark.parametrize("ahead", [-3600.0, -3.0, 3.0, 3600.0])
def test_one_answer_shows_the_time_to_the_second_and_more_of_them_show_it_better(ahead: float) -> None:
    nodes = Nodes(ahead)
    nodes.request()
    assert nodes.error <= 1.01
    chance = random.Random(7)
    for _ in range(200):
        nodes.own += chance.random()
        nodes.request()
    assert nodes.error <= 0.05


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_answers_that_take_long_mislead_no_more_than_they_take(ahead: float) -> None:
    nodes = Nodes(ahead)
    nodes.request(there=9.0, back=0.5)
    assert nodes.error <= 10.5
    nodes.request()
    assert nodes.error <= 1.01


def test_clocks_that_agree_are_not_corrected() -> None:
    nodes = Nodes(0.0)
    for _ in range(50):
        nodes.own += 0.37
        nodes.request()
        assert nodes.error == pytest.approx(0.0, abs=1e-5)


def test_a_clock_that_is_set_is_followed() -> None:
    nodes = Nodes(0.0)
    nodes.request()
    nodes.own -= 3600
    nodes.ahead += 3600
    nodes.request()
    assert nodes.error <= 1.01


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 02:00:00 GMT"])
def test_an_answer_without_a_time_changes_nothing(date: str) -> None:
    nodes = Nodes(3600.0)
    nodes.request()
    nodes.clock.note(date, nodes.own)
    assert nodes.error <= 1.01


async def test_the_answers_of_the_api_server_set_it() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({}, headers={"Date": formatdate(NOW, usegmt=True)})

    app = web.Application()
    app.router.add_get("/{anything:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with Kube(Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}"), 5) as kube:
            await kube.get_path("/api")
            assert kube.clock.now().timestamp() == pytest.approx(NOW, abs=5)
    finally:
        await runner.cleanup()
