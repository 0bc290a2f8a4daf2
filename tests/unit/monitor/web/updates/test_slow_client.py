"""A client that stops reading: the monitor makes no messages for it until it reads again."""

import json
from collections.abc import Awaitable, Callable

from tools.testbed.waiting import BUSY_SECONDS, wait_for_async

from celery_monitor.live.views import WorkerView
from celery_monitor.web.updates.versions import VersionedDocuments
from tests.support.monitor_web import API, VIEWER, FakeLive, served_with, services

WORKERS = 2_000
BEATS = 30


def workers(beat: int) -> list[WorkerView]:
    """About 3 MB of documents, all of them changed by each beat."""
    return [
        WorkerView(name=f"celery@{number}", online=True, processed=beat, verdict="x" * 1_000)
        for number in range(WORKERS)
    ]


def until(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return condition()

    return check


def is_later(documents: VersionedDocuments) -> Callable[[], bool]:
    version = documents.version
    return lambda: documents.version > version


async def test_a_client_that_stops_reading_gets_a_snapshot_afterwards() -> None:
    live = FakeLive(worker_views=workers(0))
    made = services(live=live)
    async with (
        served_with(made) as client,
        client.ws_connect(f"{API}/ws", headers=VIEWER, max_msg_size=0) as socket,
    ):
        await socket.receive()
        await socket.send_str('{"op":"interval","seconds":0.25}')
        await socket.send_str('{"op":"subscribe","id":"w","topic":"workers"}')
        first = await socket.receive_json(timeout=BUSY_SECONDS)
        [feed] = made.updates.feeds
        for beat in range(1, BEATS):
            later = until(is_later(feed.documents))
            live.worker_views = workers(beat)
            await wait_for_async(later, BUSY_SECONDS)
        known = {one["name"]: one for one in first["data"]}
        snapshots = received = 0
        while any(one["processed"] != BEATS - 1 for one in known.values()) or len(known) < WORKERS:
            message = json.loads((await socket.receive(timeout=BUSY_SECONDS)).data)
            received += 1
            if message["op"] == "snapshot":
                snapshots += 1
                known = {}
            for one in message.get("data") or message.get("changed", []):
                known[one["name"]] = one
        # The messages that were on the way, and one snapshot in parts: not 29 times 2,000 documents.
        assert snapshots >= 1
        assert received < BEATS * len(feed.documents.since(None)) / 2
