"""The lock shows whether the worker's main process lives, whatever becomes of it and its children."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from celery_health.wire.answers import ProcessState
from celery_probe.sidecar.observe.lock import LockReading, read_lock
from tests.unit.sidecar.holders import Holder


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def held(lock: Path, stack: ExitStack, *, fork: bool = False) -> Holder:
    holder = Holder(lock, fork=fork)
    if holder.child:
        stack.callback(os.kill, holder.child, signal.SIGKILL)
    stack.callback(holder.kill)
    return holder


def test_without_a_lock_file_the_process_is_unseen(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "worker.lock") == LockReading(ProcessState.UNSEEN)


def test_an_unlocked_file_is_of_an_ended_process(tmp_path: Path) -> None:
    (tmp_path / "worker.lock").touch()
    assert read_lock(tmp_path / "worker.lock").state is ProcessState.ENDED


def test_the_holder_runs_until_it_is_killed(tmp_path: Path, stack: ExitStack) -> None:
    lock = tmp_path / "worker.lock"
    holder = held(lock, stack)
    assert read_lock(lock) == LockReading(ProcessState.RUNNING, holder.pid)
    holder.kill()
    assert read_lock(lock).state is ProcessState.ENDED


def test_a_child_that_outlives_the_main_process_does_not_pass_for_it(
    tmp_path: Path, stack: ExitStack
) -> None:
    lock = tmp_path / "worker.lock"
    holder = held(lock, stack, fork=True)
    assert read_lock(lock).state is ProcessState.RUNNING
    holder.kill()
    assert read_lock(lock).state is ProcessState.ENDED


def test_a_main_process_whose_child_is_killed_still_runs(tmp_path: Path, stack: ExitStack) -> None:
    lock = tmp_path / "worker.lock"
    holder = held(lock, stack, fork=True)
    os.kill(holder.child, signal.SIGSTOP)
    assert read_lock(lock).holder == holder.pid


def test_a_frozen_process_still_runs(tmp_path: Path, stack: ExitStack) -> None:
    lock = tmp_path / "worker.lock"
    holder = held(lock, stack)
    holder.signal(signal.SIGSTOP)
    assert read_lock(lock).state is ProcessState.RUNNING


def test_reading_the_lock_never_keeps_a_worker_from_it(tmp_path: Path, stack: ExitStack) -> None:
    lock = tmp_path / "worker.lock"
    lock.touch()
    for _ in range(100):
        read_lock(lock)
    holder = held(lock, stack)
    assert read_lock(lock).holder == holder.pid
