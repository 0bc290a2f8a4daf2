"""Ctrl-C between two steps that belong together."""

import signal
import threading
from collections.abc import Iterator
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

    def raise_if_pressed(self) -> None:
        """Raise KeyboardInterrupt, later than the user wanted."""
        if self._pressed:
            raise KeyboardInterrupt


@contextmanager
def deferred() -> Iterator[Interrupt]:
    """Ctrl-C does not interrupt the block: ask afterwards. Only the main thread receives signals."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, interrupt.note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
