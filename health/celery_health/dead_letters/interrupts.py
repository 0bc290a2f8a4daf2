"""Ctrl-C where Python alone would interrupt too early, or not at all."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self._pressed = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """Remember the first one. The second one interrupts at once: the broker may never answer."""
        if self._pressed:
            raise KeyboardInterrupt
        self._pressed = True

    def note_and_raise(self, _number: int, _frame: FrameType | None) -> None:
        """Interrupt at once."""
        self._pressed = True
        raise KeyboardInterrupt

    def raise_if_pressed(self) -> None:
        """Raise KeyboardInterrupt, later than the user wanted."""
        if self._pressed:
            raise KeyboardInterrupt


@contextmanager
def deferred() -> Iterator[Interrupt]:
    """Ctrl-C does not interrupt the block: ask afterwards. Only the main thread receives signals."""
    interrupt = Interrupt()
    with _handled_by(interrupt.note):
        yield interrupt


@contextmanager
def never_lost() -> Iterator[None]:
    """Ctrl-C interrupts the block, at the latest at its end.

    ``input()`` loses a KeyboardInterrupt that comes while it flushes standard error and standard output, and
    then takes the next line for an answer.
    """
    interrupt = Interrupt()
    with _handled_by(interrupt.note_and_raise):
        yield
    interrupt.raise_if_pressed()


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
