"""A worker that empties a queue of its own in turns, and what it has done and used in them."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import redis
from tools.testbed.servers import RedisServer

from bench.errors import BenchError
from bench.measure import Memory, cpu_seconds, family, memory, other_threads_seconds
from bench.programs import Program

QUEUE = "celery"
STORE = 2
"""The database from which queues are filled."""
TURN_TASKS = 10_000
"""A turn begins with at least this many tasks in the queue."""
TURN_SECONDS = 2.0
_POLL_SECONDS = 0.02
_LIMIT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Mark:
    """What a worker has left to do and has used, at a moment."""

    left: int
    at: float
    cpu: float
    threads: float


@dataclass
class Work:
    """What a worker did in all its turns. ``threads``: CPU of its threads but the first one."""

    tasks: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    threads: float = 0.0

    def add(self, began: Mark, ended: Mark) -> None:
        """One more turn."""
        self.tasks += began.left - ended.left
        self.seconds += ended.at - began.at
        self.cpu += ended.cpu - began.cpu
        self.threads += ended.threads - began.threads


@dataclass(frozen=True, slots=True)
class Run:
    """A worker that has had all its turns. ``cpu``: seconds a task, of the worker and its pool.

    ``threads``: the part of it that is used by threads of the worker but its first one, such as the agent's.
    """

    tasks_a_second: float
    cpu: float
    threads: float
    main: Memory
    whole: Memory


class Worker:
    """A worker with a queue of its own."""

    def __init__(self, program: Program, server: RedisServer, database: int) -> None:
        self.program = program
        self.done = Work()
        self._database = database
        self._client = redis.Redis(port=server.port, db=database)
        self._store = redis.Redis(port=server.port, db=STORE)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._store.close()

    def fill(self) -> None:
        """Have the queue filled."""
        self._store.copy(QUEUE, QUEUE, destination_db=str(self._database), replace=True)

    def take_turn(self) -> None:
        """Work for ``TURN_SECONDS``, which count."""
        if self._left() < TURN_TASKS:
            self.fill()
        self.resume()
        began = self.mark()
        time.sleep(TURN_SECONDS)
        self.program.must_run()
        ended = self.mark()
        self.pause()
        if ended.left == 0:
            raise BenchError(f"{TURN_TASKS} tasks are too few for a turn of {TURN_SECONDS:g} s.")
        self.done.add(began, ended)

    def pause(self) -> None:
        """Stop the worker and its pool."""
        os.killpg(self.program.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        os.killpg(self.program.pid, signal.SIGCONT)

    def mark(self) -> Mark:
        """What is left and was used at this moment."""
        pid = self.program.pid
        return Mark(self._left(), time.monotonic(), cpu_seconds(family(pid)), other_threads_seconds(pid))

    def run(self) -> Run:
        """All turns together."""
        done, pid = self.done, self.program.pid
        return Run(
            tasks_a_second=done.tasks / done.seconds,
            cpu=done.cpu / done.tasks,
            threads=done.threads / done.cpu,
            main=memory([pid]),
            whole=memory(family(pid)),
        )

    def until(self, reached: Callable[[int], bool]) -> None:
        """Wait until the number of messages that are left fulfils the condition."""
        deadline = time.monotonic() + _LIMIT_SECONDS
        while not reached(left := self._left()):
            self.program.must_run()
            if time.monotonic() > deadline:
                raise BenchError(f"After {_LIMIT_SECONDS:g} s the worker still had {left} tasks to do.")
            time.sleep(_POLL_SECONDS)

    def _left(self) -> int:
        return cast("int", self._client.llen(QUEUE)) + cast("int", self._client.hlen("unacked"))
