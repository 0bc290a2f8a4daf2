"""The whole monitor with its history and its API, as a user starts it."""

import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.integration.monitor.monitor_process import TOKEN, Monitor, monitor

from bench.errors import BenchError
from bench.measure import cpu_seconds, family, memory

_WAIT_SECONDS = 60.0
_NO_PROGRESS_SECONDS = 30.0
_POLL_SECONDS = 1.0


class Service:
    """A running monitor."""

    def __init__(self, monitor: Monitor) -> None:
        assert monitor.process is not None
        self.pid = monitor.process.pid
        self.url = monitor.url
        self._monitor = monitor

    def metrics(self) -> Mapping[str, float]:
        """What the monitor counts of itself, without ``celery_monitor_`` before the names."""
        request = urllib.request.Request(f"{self.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        pairs = [line.rsplit(" ", 1) for line in lines if line.startswith("celery_monitor_")]
        return {name.removeprefix("celery_monitor_"): float(value) for name, value in pairs}

    def states(self) -> Mapping[str, int]:
        """How many tasks the history has in each state."""
        document = self._monitor.get("/stats")
        found: Mapping[str, int] = document["tasks"]["states"]
        return found

    def cpu(self) -> float:
        """CPU seconds so far."""
        return cpu_seconds(family(self.pid))

    def pss(self) -> int:
        """Bytes of memory."""
        return memory(family(self.pid)).pss

    def wait_until_stored(self, events: int, batch: int) -> Mapping[str, float]:
        """Wait until this number of events was counted and all is stored, or until nothing changes.

        ``batch``: events in a message.
        """
        last, since = -1.0, time.monotonic()
        while True:
            now = self.metrics()
            counted = now["events_total"] + batch * now["events_dropped_total"]
            if counted >= events and not now["database_buffered"]:
                # What was merged last is on its way to the history.
                time.sleep(_POLL_SECONDS)
                return self.metrics()
            if counted != last:
                last, since = counted, time.monotonic()
            if time.monotonic() - since > _NO_PROGRESS_SECONDS:
                return now
            time.sleep(_POLL_SECONDS)


@contextmanager
def service(home: Path, broker: str, database: str) -> Iterator[Service]:
    """A monitor that receives events; ended when the block ends."""
    options = ["--broker", broker, "--database", database]
    with monitor(home, *options) as started:
        running = Service(started)
        deadline = time.monotonic() + _WAIT_SECONDS
        while not running.metrics()["connected"]:
            if time.monotonic() > deadline:
                raise BenchError(f"The monitor did not begin to receive events:\n{started.text()[-2000:]}")
            time.sleep(0.1)
        yield running
