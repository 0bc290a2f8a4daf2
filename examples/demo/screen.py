"""What the demo prints: sentences, the commands to repeat them, and progress of what takes long."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SLOW_SECONDS = 2.0
REMIND_SECONDS = 10.0
POLL_SECONDS = 0.5


class DemoError(Exception):
    """The demo cannot go on; the message says what was wanted and what to do."""


def say(text: str = "") -> None:
    """Print one paragraph at once, also into a pipe."""
    print(text, flush=True)


def heading(text: str) -> None:
    """Begin a part of the tour."""
    say(f"\n== {text}")


def wait(
    what: str, check: Callable[[], T | None], *, seconds: float, detail: Callable[[], str] = lambda: ""
) -> T:
    """Poll until ``check`` gives something; print what is waited for once it takes over two seconds.

    ``detail`` reports the progress, for the reminders. Raises DemoError after ``seconds``.
    """
    began = time.monotonic()
    reminded = 0.0
    while True:
        found = check()
        took = time.monotonic() - began
        if found is not None:
            say(f"   {what}: {took:.1f} s")
            return found
        if took > seconds:
            raise DemoError(f"Not within {seconds:.0f} s: {what}. {detail()}".rstrip())
        if reminded == 0.0 and took > SLOW_SECONDS:
            say(f"   waiting: {what}")
            reminded = took
        elif reminded and took - reminded > REMIND_SECONDS:
            say(f"   waiting since {took:.0f} s: {what}. {detail()}".rstrip())
            reminded = took
        time.sleep(POLL_SECONDS)


def fail(error: DemoError) -> int:
    """Print the error; returns the exit status."""
    print(f"\nThe demo stopped. {error}", file=sys.stderr, flush=True)
    return 1
