"""Progress on standard error; standard output is left to what a caller may want to evaluate."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SLOW_SECONDS = 2.0


def say(line: str) -> None:
    """Print one line."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Show `what` once it has taken two seconds, and when it is done the time that it took."""
    begun = time.monotonic()
    announcement = threading.Timer(SLOW_SECONDS, say, [f"  {what} ..."])
    announcement.daemon = True
    announcement.start()
    try:
        yield
    finally:
        announcement.cancel()
    took = time.monotonic() - begun
    if took >= SLOW_SECONDS:
        say(f"  {what}: {took:.1f} s")
