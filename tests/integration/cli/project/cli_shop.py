"""The application whose health the tests ask for. Broker and result backend come from the environment."""

import os
import time
from pathlib import Path

from celery import Celery

app = Celery("cli_shop", broker=os.environ["TEST_BROKER"], backend=os.environ.get("TEST_STORE"))


@app.task  # type: ignore[untyped-decorator]
def nap(seconds: float) -> None:
    """Take a pool slot for a while."""
    time.sleep(seconds)


@app.task  # type: ignore[untyped-decorator]
def fail() -> None:
    """Raise, with a secret in the words."""
    raise RuntimeError("no answer from redis://user:geheim@cache/0")


@app.task  # type: ignore[untyped-decorator]
def greet() -> str:
    """Succeed at once."""
    return "hello"


@app.task  # type: ignore[untyped-decorator]
def note(file: str, word: str, password: str = "") -> None:
    """Add a line to a file: proof of each run."""
    with Path(file).open("a") as notes:
        notes.write(f"{word}\n")
