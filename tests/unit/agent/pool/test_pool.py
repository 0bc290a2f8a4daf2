"""The children of a pool: which live, how many were born, and whether any stays."""

import os
import signal
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from tools.testbed.waiting import wait_for

from celery_probe.agent.worker import pool


class Prefork:
    """A pool as Celery's prefork one appears from outside."""

    __module__ = "celery.concurrency.prefork"

    def __init__(self, *children: Any, patience: float | None = 4.0):
        self._pool = SimpleNamespace(_pool=list(children), _proc_alive_timeout=patience)

    def replace(self, *children: Any) -> None:
        self._pool._pool = list(children)


def child(pid: int | None, number: int) -> Any:
    return SimpleNamespace(pid=pid, _identity=(number,))


@pytest.fixture
def low_pids_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of real processes, those with a pid below 900 live."""
    monkeypatch.setattr(pool, "lives", lambda pid: pid < 900)


def observed(prefork: Prefork, *generations: tuple[float, float, tuple[Any, ...]]) -> pool.PoolWatch:
    watch = pool.PoolWatch()
    for now, progress, children in generations:
        prefork.replace(*children)
        watch.note(prefork, progress, now)
    return watch


@pytest.mark.usefixtures("low_pids_live")
def test_the_first_children_are_no_births() -> None:
    watch = observed(Prefork(), (100, 90, (child(1, 1), child(2, 2))))
    assert (watch.pids, watch.births, watch.alive_mono) == ([1, 2], 0, 100)


@pytest.mark.usefixtures("low_pids_live")
def test_children_that_replace_others_count_even_those_between_two_observations() -> None:
    watch = observed(Prefork(), (100, 90, (child(1, 1),)), (101, 90, (child(5, 5),)))
    assert watch.births == 4


@pytest.mark.usefixtures("low_pids_live")
def test_a_task_that_begins_or_ends_begins_the_count_anew() -> None:
    watch = observed(
        Prefork(), (100, 90, (child(1, 1),)), (101, 90, (child(5, 5),)), (102, 102, (child(6, 6),))
    )
    assert watch.births == 0


@pytest.mark.usefixtures("low_pids_live")
@pytest.mark.parametrize(("patience", "survives_after"), [(4.0, 15.0), (None, 15.0), (60.0, 65.0)])
def test_one_child_that_survives_begins_the_count_anew(patience: float | None, survives_after: float) -> None:
    prefork = Prefork(patience=patience)
    young = observed(
        prefork,
        (100, 90, (child(1, 1),)),
        (101, 90, (child(5, 5), child(6, 6))),
        (100.9 + survives_after, 90, (child(5, 5), child(7, 7))),
    )
    assert young.births == 6
    young.note(prefork, 90, 101 + survives_after)
    assert young.births == 0


@pytest.mark.usefixtures("low_pids_live")
def test_a_child_that_has_no_process_yet_or_no_more_does_not_live() -> None:
    watch = observed(
        Prefork(), (100, 90, (child(1, 1), child(2, 2))), (101, 90, (child(None, 3), child(901, 4)))
    )
    assert (watch.pids, watch.births, watch.alive_mono) == ([], 2, 100)


@pytest.mark.usefixtures("low_pids_live")
def test_other_pools_have_no_children() -> None:
    watch = pool.PoolWatch()
    watch.note(SimpleNamespace(_pool=SimpleNamespace(_pool=[child(1, 1)])), 90, 100)
    assert (watch.pids, watch.births, watch.alive_mono) == ([], 0, None)


def test_a_process_lives_until_it_ended_even_if_no_parent_waited_for_it() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert pool.lives(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: not pool.lives(process.pid), 30, "a zombie to be seen as one")
        process.wait(30)
        assert not pool.lives(process.pid)
