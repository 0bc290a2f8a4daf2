"""An application with any settings: JSON in TEST_SETTINGS."""

import json
import os
import time

from celery import Celery

app = Celery("cli_configured")
app.conf.update(json.loads(os.environ["TEST_SETTINGS"]))


@app.task  # type: ignore[untyped-decorator]
def nap(seconds: float) -> None:
    """Take a pool slot for a while."""
    time.sleep(seconds)
