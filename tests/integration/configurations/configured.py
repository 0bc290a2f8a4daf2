"""An application with any settings: a real worker of it, and what ``celery-health -A`` says of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.testbed.celery_versions import CELERY_5_6, World
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import Outcome, run, worker

APP = "cli_configured"
TIMEOUT_SECONDS = 30.0
"""Long enough to load an application on a busy machine."""


def health(settings: Mapping[str, Any], *arguments: str) -> Outcome:
    """What ``celery-health -A`` says of the application."""
    timeout = ("--timeout", f"{TIMEOUT_SECONDS:g}")
    return run("-A", APP, "--format", "json", *timeout, *arguments, TEST_SETTINGS=json.dumps(settings))


@contextmanager
def a_worker(
    home: Path, settings: Mapping[str, Any], arguments: Sequence[str] = (), world: World = CELERY_5_6
) -> Iterator[None]:
    """A worker of the application that has said itself that it is ready."""
    text = json.dumps(settings)
    with worker(home, world, "", arguments, app=APP, TEST_SETTINGS=text) as process:

        def is_ready() -> bool:
            assert process.poll() is None, log(home)
            return " ready." in log(home)

        wait_for(is_ready, 60.0, lambda: log(home))
        yield


def log(home: Path) -> str:
    """What the worker has printed."""
    return (home / "worker.log").read_text()


def messages(outcome: Outcome) -> str:
    """The messages of all problems."""
    return " ".join(problem["message"] for problem in outcome.document["problems"])
