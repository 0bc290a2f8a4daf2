"""The application whose workers the monitor watches."""

import os
import time

from celery import Celery

app = Celery("live_shop", broker=os.environ["TEST_BROKER"])


@app.task(name="shop.nap")  # type: ignore[untyped-decorator]
def nap(seconds: float) -> None:
    """Take a slot for a while."""
    time.sleep(seconds)
