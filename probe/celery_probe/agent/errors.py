"""The agent's own errors: counted and reported, never raised into the worker."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator


class ErrorLog:
    """How often the agent failed, and where it did last.

    Only the kind of an error is kept: its text may hold a broker URL with credentials.
    """

    def __init__(self) -> None:
        self.count = 0
        self.last = ""

    def add(self, where: str, error: BaseException) -> None:
        """Count an error that came up while doing ``where``."""
        self.count += 1
        self.last = f"{where}: {type(error).__name__}"

    @contextmanager
    def caught(self, where: str) -> Iterator[None]:
        """Count any exception that the block raises, and go on after it."""
        try:
            yield
        except Exception as error:
            self.add(where, error)
