"""Blocking work beside the event loop, in at most one thread: where it hangs, it hangs alone and once."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from celery_health.readers.limits import TOTAL_SECONDS

T = TypeVar("T")


class OneThread(Generic[T]):
    """Daemon threads, not a pool's: a name lookup that hangs must not hold up the end of the program."""

    def __init__(self) -> None:
        self._running: asyncio.Future[T] | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` gives or raises.

        Raises:
            TimeoutError: it, or the work of an earlier call, is not done within TOTAL_SECONDS.
        """
        if self._running is not None:
            raise TimeoutError
        running: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._running = running
        running.add_done_callback(self._ended)
        threading.Thread(target=_work, args=(running, work), name="reader", daemon=True).start()
        done, _ = await asyncio.wait({running}, timeout=TOTAL_SECONDS)
        if not done:
            raise TimeoutError
        return running.result()

    def finally_run(self, work: Callable[[], object]) -> None:
        """Run ``work``, which may not block, now, or when what still runs has ended."""
        if self._running is None:
            work()
        else:
            self._running.add_done_callback(lambda _: work())

    def _ended(self, done: asyncio.Future[T]) -> None:
        self._running = None
        if not done.cancelled():
            done.exception()  # whoever waited has it, or has given up


def _work(running: asyncio.Future[T], work: Callable[[], T]) -> None:
    try:
        result = work()
    except Exception as error:  # it belongs to whoever waits
        _tell(running, running.set_exception, error)
    else:
        _tell(running, running.set_result, result)


def _tell(running: asyncio.Future[T], tell: Callable[..., None], what: object) -> None:
    def if_awaited() -> None:
        if not running.done():
            tell(what)

    # Where the loop has ended, nobody waits any more.
    with suppress(RuntimeError):
        running.get_loop().call_soon_threadsafe(if_awaited)
