"""What ``make try`` starts: Redis, the workers, beat and the producer of the shop, and the monitor."""

import secrets
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.errors import ClusterError
from tools.cluster.machine.shell import run
from tools.try_it.processes import Child, Processes
from tools.try_it.redis_program import RedisProgram

APP = "shop.celery"
LOGIN = "/login/"
"""What stands between the URL of the monitor and the secret of a login link."""
EXTRAS = ("cli", "example", "monitor", "probe")
MIX = (
    "default=6,email=4,media=2,reports=2,maintenance=1,failing=1,catalog=1,chain=2,chord=1,expiring=1,"
    "print=0.5"
)
UNREAD = "print"
"""The queue that no worker reads: something to find and to repair."""
RATE = 5
# Each worker with its queues and its slots. With the pool threads, Celery loses events.
WORKERS = {"orders": ("default,email", 2), "background": ("media,reports,maintenance", 4)}
# Far more than a start takes: the machine may be busy.
START_SECONDS = 180.0


@dataclass(frozen=True)
class RedisAddress:
    """Where Redis is reached."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which Celery finds the broker and the result backend."""
        redis = f"redis://127.0.0.1:{self.port}"
        return {"CELERY_BROKER_URL": f"{redis}/0", "CELERY_RESULT_BACKEND": f"{redis}/1"}


class Shop:
    """The running parts. ``python`` is that of an environment with all of EXTRAS."""

    def __init__(self, processes: Processes, folder: Path, python: Path, redis: RedisAddress) -> None:
        self._processes = processes
        self._folder = folder
        self._python = python
        self._redis = redis
        self.token = secrets.token_hex(16)

    def start_redis(self, redis: RedisProgram, stopping: Callable[[], bool]) -> None:
        """Start Redis and wait until it answers."""
        port = self._redis.port
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        child = self._processes.start("redis", [str(redis.path), *options], redis.environment)
        self._wait(child, lambda: _asked(port, b"PING\r\n").startswith(b"+PONG"), stopping)

    def start_workers(self) -> None:
        """Start the workers and beat with the agent, and the producer."""
        agent = self._folder / "agent"
        run([self._python, "-m", "celery_probe.sidecar", "install", agent])
        for name, (queues, slots) in WORKERS.items():
            # In workers without -E the monitor switches events on, too late for their first tasks.
            options = ["-E", "-n", f"{name}@%h", "-Q", queues, "-c", str(slots), "-l", "INFO"]
            self._celery(name, agent, ["worker", *options])
        self._celery("beat", agent, ["beat", "-s", str(self._folder / "schedule"), "-l", "INFO"])
        producer = [str(self._python), "-m", "shop.producer", "--rate", str(RATE), "--mix", MIX]
        self._processes.start("producer", producer, {})

    def _celery(self, name: str, agent: Path, words: Sequence[str]) -> None:
        # Each process has a folder of its own for its reports.
        directory = self._folder / f"{name}-agent"
        (directory / "run").mkdir(parents=True)
        environment = {"CELERY_PROBE_DIRECTORY": str(directory)}
        self._processes.start(name, [str(self._python), str(agent), "-A", APP, *words], environment)

    def start_monitor(self, stopping: Callable[[], bool]) -> str:
        """Start the monitor on a port of its own choice; returns its login link, or "" when stopping."""
        options = ["-A", APP, "--port", "0", "--login-link"]
        database = f"sqlite:///{self._folder / 'history.sqlite3'}"
        child = self._processes.start(
            "monitor",
            [self._python, "-m", "celery_monitor", "--database", database, *options],
            {"CELERY_MONITOR_TOKEN": self.token},
        )
        found: list[str] = []

        def has_link() -> bool:
            words = child.log.read_text(errors="replace").split()
            found.extend(word for word in words if word.startswith("http://") and LOGIN in word)
            return bool(found)

        self._wait(child, has_link, stopping)
        return found[0] if found else ""

    def _wait(self, child: Child, condition: Callable[[], bool], stopping: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition() and not stopping():
            self._processes.check()
            if time.monotonic() > deadline:
                raise ClusterError(f"{child.name} does not start. The end of its log:\n{child.tail()}")
            time.sleep(0.05)


def _asked(port: int, request: bytes) -> bytes:
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=1)) as connection:
        connection.sendall(request)
        return connection.recv(64)
    return b""
