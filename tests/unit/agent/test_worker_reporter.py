"""How often the reporter counts the entries of the timer."""

from types import SimpleNamespace
from typing import Any

import pytest

from celery_probe.agent import natives
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker.reporter import WorkerReporter
from celery_probe.agent.worker.state import Worker


class Time:
    """The clock of the machine and that of the thread, both in seconds."""

    def __init__(self) -> None:
        self.now = 100.0
        self.of_thread = 5.0

    def pass_by(self, seconds: float, working: float) -> None:
        self.now += seconds
        self.of_thread += working


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(natives, "monotonic", lambda: time.now)
    monkeypatch.setattr(natives, "thread_time", lambda: time.of_thread)
    return time


def counted(time: Time, *, paused: float, working: float) -> Any:
    """What ``_count_eta`` gives once a second, where each count takes so long; it is the number of counts."""
    counts = 0

    def eta_counts(_timer: Any, _now: float) -> tuple[int, int]:
        nonlocal counts
        counts += 1
        time.pass_by(paused + working, working)
        return counts, 0

    nowhere: Any = None
    reporter = WorkerReporter(Worker(), nowhere, ErrorLog(), nowhere)
    tasks = SimpleNamespace(eta_counts=eta_counts)
    for _ in range(3):
        yield reporter._count_eta(tasks, None)[0]
        time.pass_by(1.0, 0.0)


def test_a_pause_of_the_machine_during_a_count_puts_no_later_one_off(time: Time) -> None:
    assert list(counted(time, paused=3.0, working=0.001)) == [1, 2, 3]


def test_a_count_that_takes_long_is_made_seldom(time: Time) -> None:
    assert list(counted(time, paused=0.0, working=0.1)) == [1, 1, 1]
