"""The same application, with a test task that ends in the queue "slow" a second after another one."""

import os
import time
from pathlib import Path
from typing import Any

from cli_shop import app  # type: ignore[import-not-found]


@app.task(name="cli_timed.check", bind=True)  # type: ignore[untyped-decorator]
def check(self: Any) -> None:
    """Show in a file that the fast one has run, or wait for that."""
    fast_has_run = Path(os.environ["TEST_FAST_HAS_RUN"])
    if self.request.delivery_info["routing_key"] != "slow":
        fast_has_run.touch()
        return
    while not fast_has_run.exists():
        time.sleep(0.02)
    time.sleep(1.0)
