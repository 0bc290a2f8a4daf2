"""Ctrl-C while a broker does not answer."""

import gc
import io
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from redis.asyncio import Connection

from celery_health.broker import RedisNaming
from celery_health.dead_letters.interrupts import deferred, never_lost
from celery_health.dead_letters.opening import open_dead_letters
from celery_health.urls import BrokerUrl, parse


@pytest.fixture
def silent_redis() -> Iterator[BrokerUrl]:
    """A port that accepts connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield parse(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")


def test_ctrl_c_at_the_moment_at_which_the_command_is_sent_ends_the_wait(
    silent_redis: BrokerUrl, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keys = iter([signal.SIGINT])

    async def interrupted(*_: object) -> None:
        for number in keys:
            signal.raise_signal(number)

    monkeypatch.setattr(Connection, "_send_packed_command", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_dead_letters(silent_redis, RedisNaming(), "celery.dead-letter")
    gc.collect()
    # asyncio reports an exception that no code has retrieved.
    assert not caplog.records


def test_ctrl_c_between_two_steps_waits_for_the_second() -> None:
    steps = []
    with deferred() as interrupt:
        steps.append("published")
        signal.raise_signal(signal.SIGINT)
        steps.append("acknowledged")
    assert steps == ["published", "acknowledged"]
    with pytest.raises(KeyboardInterrupt):
        interrupt.raise_if_pressed()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class _Pressed(io.StringIO):
    """Standard error while it is flushed for a question."""

    def flush(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_that_input_loses_ends_the_question_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", _Pressed())
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(KeyboardInterrupt), never_lost():
        input("Drop? ")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait() -> None:
    def press_twice() -> None:
        with deferred():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        press_twice()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
