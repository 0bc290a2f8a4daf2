"""Hears the workers' heartbeats at the broker itself, past the proxy, to know which worker stands still."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from celery import Celery

from tools.ledger.executions import Kill

SILENT_SECONDS = 25.0
"""A monitor gives up a worker that it has not heard of for 30 s."""
# Celery sends a heartbeat every 2 s. What a worker did after the last one was before the next was due.
_DUE_SECONDS = 3.0
_PAUSE_SECONDS = 1.0


class Silences:
    """When which worker fell silent. For the runs that it had, that is as if it was killed.

    ``listening``: whether workers can be heard at all.
    """

    def __init__(self) -> None:
        self.listening = False
        self._heard: dict[str, float] = {}
        self._forgotten: dict[str, float] = {}
        self._ended: list[Kill] = []

    def hear(self, worker: str, now: float, sent: float) -> None:
        """Note a heartbeat. One that was ``sent`` before the worker was replaced is of the process before."""
        if sent < self._forgotten.get(worker, sent):
            return
        self._end(worker, now)
        self._heard[worker] = now

    def forget(self, worker: str, now: float) -> None:
        """The worker is replaced: it may take any time until it is heard of again."""
        self._end(worker, now)
        self._heard.pop(worker, None)
        self._forgotten[worker] = now

    def listen(self, now: float) -> None:
        """From now on workers can be heard."""
        self.listening = True
        self._heard = dict.fromkeys(self._heard, now)

    def present(self, now: float) -> list[Kill]:
        """Those of the workers that are silent now."""
        heard = self._heard if self.listening else {}
        return [_silence(worker, at) for worker, at in heard.items() if now - at > SILENT_SECONDS]

    def all(self, now: float) -> list[Kill]:
        """Those so far."""
        return [*self._ended, *self.present(now)]

    def _end(self, worker: str, now: float) -> None:
        at = self._heard.get(worker, now)
        if now - at > SILENT_SECONDS:
            self._ended.append(_silence(worker, at))


class Heartbeats:
    """Listens in a thread. ``broker_url``: of the broker itself."""

    def __init__(self, broker_url: str) -> None:
        self._silences = Silences()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._app = Celery("heartbeats", broker=broker_url)
        handlers = {"worker-heartbeat": self._hear, "worker-online": self._hear}
        self._receiver = self._app.events.Receiver(self._app.connection_for_read(), handlers=handlers)
        self._receiver.extra_context = self._connected
        # Celery's own would ask all workers for a heartbeat.
        self._receiver.on_consume_ready = lambda *_, **__: None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen within the block. It reconnects by itself."""
        thread = threading.Thread(target=self._listen)
        thread.start()
        try:
            yield
        finally:
            self._receiver.should_stop = True
            self._stopped.set()
            thread.join()
            self._receiver.connection.release()
            self._app.close()

    def silent(self) -> set[str]:
        """The workers that stand still now."""
        with self._lock:
            return {silence.worker for silence in self._silences.present(time.time())}

    def silences(self) -> list[Kill]:
        """All silences so far, as kills of their workers."""
        with self._lock:
            return self._silences.all(time.time())

    def forget(self, worker: str) -> None:
        """The worker is replaced."""
        with self._lock:
            self._silences.forget(worker, time.time())

    def _listen(self) -> None:
        """It also goes on after errors that Celery's receiver raises, as of a Redis that loads its data."""
        while not self._receiver.should_stop:
            with suppress(Exception):
                self._receiver.run()
            self._stopped.wait(_PAUSE_SECONDS)

    @contextmanager
    def _connected(self, *_: Any) -> Iterator[None]:
        with self._lock:
            self._silences.listen(time.time())
        try:
            yield
        finally:
            with self._lock:
                self._silences.listening = False

    def _hear(self, event: Mapping[str, Any]) -> None:
        with self._lock:
            self._silences.hear(event["hostname"], time.time(), event["timestamp"])


def _silence(worker: str, heard: float) -> Kill:
    return Kill(worker, heard + _DUE_SECONDS)
