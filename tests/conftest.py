"""What holds for every test."""

import signal
import sys
from collections.abc import Iterator

import pytest

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def history_without_upkeep() -> Iterator[None]:
    """A history deletes only when a test says so: examples have fixed dates, and rollups last for days."""
    with pytest.MonkeyPatch.context() as patch:
        # Only where tests use it: to import it takes a while.
        if history := sys.modules.get("celery_monitor.history.history"):
            patch.setattr(history, "_RETENTION_SECONDS", 86_400)
        yield
