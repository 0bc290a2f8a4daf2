"""An application that names its broker only when a worker starts, in the way that TEST_LATE says."""

import os
from typing import Any

from celery import Celery
from celery.signals import import_modules

app = Celery("cli_late")


def name_broker(**_of_signal: Any) -> None:
    """Name it."""
    app.conf.broker_url = os.environ["TEST_BROKER"]


signal = {"finalize": app.on_after_finalize, "imports": import_modules}[os.environ["TEST_LATE"]]
signal.connect(name_broker)
