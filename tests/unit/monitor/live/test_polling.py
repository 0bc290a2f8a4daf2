"""A broker that stops to answer: the monitor says so, and keeps what it last read."""

import asyncio

import pytest
from tools.testbed.waiting import wait_for_async

from celery_health.broker import QueueReading
from celery_health.survey.app_connection import resolve
from celery_monitor.live import polling
from celery_monitor.live.live import Live
from celery_monitor.live.polling import Polling
from celery_monitor.remote_control import connecting
from celery_monitor.remote_control.remote_control import RemoteControl
from tests.unit.monitor.live.test_queues import reading
from tests.unit.monitor.live.worlds import NOW, Clock
from tests.unit.monitor.remote_control.silent_broker import silent_broker


async def test_a_broker_that_hangs_is_not_called_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_READ_SECONDS", 0.2)
    monkeypatch.setattr(connecting, "SECONDS", 0.2)
    async with silent_broker() as broker:
        connection = resolve(None, None, broker.url, None, {})
        clock = Clock()
        live = Live(["mail"], clock=clock)
        live.on_broker(reading(QueueReading("mail", 7)))
        assert live.stats().broker_reachable is True
        clock.now += 60
        remote_control = RemoteControl(connection)
        running = asyncio.create_task(Polling(live, connection, remote_control).run())

        async def noticed() -> bool:
            return live.stats().broker_reachable is False

        await wait_for_async(noticed, 60, live.stats)
        assert "does not answer" in (live.stats().broker or "")
        assert live.stats().broker_read == NOW
        assert [(view.name, view.ready) for view in live.queues()] == [("mail", 7)]
        running.cancel()
        await asyncio.wait([running])
        await remote_control.close()
