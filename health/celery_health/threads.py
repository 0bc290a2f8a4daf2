"""Blocking work in daemon threads, and its result in the event loop or in the main thread.

The threads are daemons, not those of a pool: Python waits for a pool's threads when it exits, and a name
lookup can hang for minutes.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


def start_in_thread(work: Callable[[], T], *, name: str = "celery-health") -> Future[T]:
    """Start ``work`` in a daemon thread. The future gets its result or its exception."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # the caller of result() handles it
            result.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return result


async def run_in_thread(work: Callable[[], T], seconds: float | None) -> T:
    """Run ``work`` in a daemon thread and return its result or raise its exception. None: without a limit.

    Raises:
        TimeoutError: ``work`` has not ended within ``seconds``. It goes on, and its result is dropped.
    """
    return await asyncio.wait_for(_awaitable(start_in_thread(work)), seconds)


class SingleThread(Generic[T]):
    """Runs blocking work in at most one thread at a time, so that work that hangs does not pile up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: asyncio.Future[T] | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` and return its result or raise its exception.

        Raises:
            TimeoutError: ``work``, or that of an earlier call, has not ended within the seconds.
        """
        if self._running is not None:
            raise TimeoutError
        running = self._running = _awaitable(start_in_thread(work, name="reader"))
        running.add_done_callback(self._ended)
        # Unlike wait_for, wait does not cancel the future, which shows when the thread ends.
        done, _ = await asyncio.wait({running}, timeout=self._seconds)
        if not done:
            raise TimeoutError
        return running.result()

    def run_at_end(self, work: Callable[[], object]) -> None:
        """Run ``work``, which must not block: now, or as soon as the thread has ended."""
        if self._running is None:
            work()
        else:
            self._running.add_done_callback(lambda _: work())

    def _ended(self, done: asyncio.Future[T]) -> None:
        self._running = None
        if not done.cancelled():
            done.exception()  # mark it as retrieved: after a timeout no caller reads it


def _awaitable(result: Future[T]) -> asyncio.Future[T]:
    """The result in the running loop. ``asyncio.wrap_future`` would log an error once the loop is closed."""
    loop = asyncio.get_running_loop()
    awaited: asyncio.Future[T] = loop.create_future()

    def copy() -> None:
        if awaited.done():
            return
        if (error := result.exception()) is not None:
            awaited.set_exception(error)
        else:
            awaited.set_result(result.result())

    def schedule(_: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(copy)

    result.add_done_callback(schedule)
    return awaited
