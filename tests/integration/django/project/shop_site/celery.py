# mypy: disable-error-code="untyped-decorator"
"""The application."""

import os
import time
from typing import Any

from celery import Celery

from celery_health import presets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop_site.settings")

app = Celery("shop_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(presets.reliable() | presets.rate_limits({"shop.mail": "50/s"}) | presets.worker_options())
app.autodiscover_tasks()


@app.task(name="shop.report")
def report(seconds: float) -> str:
    time.sleep(seconds)
    return "done"


@app.task(name="shop.mail", bind=True)
def mail(self: Any) -> str | None:
    rate: str | None = self.rate_limit
    return rate
