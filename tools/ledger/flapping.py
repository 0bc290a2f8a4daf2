"""A broker that goes down and comes up again, every few seconds."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tools.testbed.proxy import Proxy

DOWN_SECONDS = (1.0, 3.0)
UP_SECONDS = (2.0, 6.0)


class Flapping:
    """Takes the proxy down ``times`` times. ``on_up`` is called each time that it has come up."""

    def __init__(self, proxy: Proxy | None, times: int, seed: int, on_up: Callable[[], None]) -> None:
        self._proxy = proxy
        self._times = times
        self._chance = random.Random(seed)
        self._on_up = on_up
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @property
    def ended(self) -> bool:
        """Whether the broker stays up from now on."""
        return not self._thread.is_alive()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Flap within the block. The proxy is up at its end."""
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def _run(self) -> None:
        for _ in range(self._times):
            if self._proxy is None or self._stop.wait(self._chance.uniform(*UP_SECONDS)):
                return
            self._proxy.go_down()
            self._stop.wait(self._chance.uniform(*DOWN_SECONDS))
            self._proxy.come_up()
            self._on_up()
