"""What takes the event loop for long shows in a metric and in the log."""

import asyncio
import logging
import re
import time

import pytest

from celery_operator.metrics import Metrics
from celery_operator.process import loop_delay
from celery_operator.process.loop_delay import LoopDelay


async def measured(monkeypatch: pytest.MonkeyPatch, blocked: float) -> list[float]:
    """The delays while something blocks the event loop once, for ``blocked`` seconds."""
    monkeypatch.setattr(loop_delay, "PERIOD_SECONDS", 0.01)
    delays: list[float] = []
    done = asyncio.Event()

    def observe(delay: float) -> None:
        delays.append(delay)
        done.set()

    measuring = asyncio.create_task(LoopDelay(observe).run())
    await asyncio.sleep(0)
    until = time.monotonic() + 0.01 + blocked
    while time.monotonic() < until:
        pass
    await done.wait()
    measuring.cancel()
    return delays


async def test_a_blocked_loop_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(await measured(monkeypatch, 0.2)) >= 0.2


async def test_a_long_delay_is_worth_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop_delay, "LONG_SECONDS", 0.1)
    with caplog.at_level(logging.WARNING):
        await measured(monkeypatch, 0.2)
    assert re.search(r"the event loop was blocked for \d+\.\d s", caplog.text)


def test_the_metric_counts_delays() -> None:
    metrics = Metrics()
    metrics.loop_delay.observe(0.03)
    text = metrics.text().decode()
    assert 'celery_operator_loop_delay_seconds_bucket{le="0.02"} 0.0' in text
    assert 'celery_operator_loop_delay_seconds_bucket{le="0.05"} 1.0' in text
