"""The time that one look may take, and blocking work that must not outlast it."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Budget:
    """Seconds from now on."""

    least = 0.05
    """A moment: what is left at least."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Never less than a moment, so that it can be given as a timeout."""
        return max(self.least, self._end - time.monotonic())


def aside(work: Callable[[], T]) -> T:
    """What ``work`` gives or raises, done in a daemon thread: Ctrl-C ends the waiting for it."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # it belongs to whoever waits
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done.result()


async def in_thread(work: Callable[[], T], seconds: float) -> T:
    """What ``work`` gives or raises; the thread is a daemon, so that it cannot hold up the program's end.

    Raises:
        TimeoutError: it is not done in time.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(setter: Callable[[Any], None], value: object) -> None:
        def set_once() -> None:
            if not done.done():
                setter(value)

        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(set_once)

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # it belongs to whoever waits
            tell(done.set_exception, error)
        else:
            tell(done.set_result, result)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wait_for(done, seconds)
