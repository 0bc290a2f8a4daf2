"""Reads the schedule as ``celery-monitor -A shop_site`` does, and prints it as JSON."""

import asyncio
import logging
import os
import sys
import time

import msgspec

from celery_health.survey.app_connection import resolve
from celery_health.survey.app_loading import load_app
from celery_monitor.live.schedule.reading import ScheduleReader
from celery_monitor.live.views import ScheduleView


async def _read() -> ScheduleView:
    connection = resolve(load_app("shop_site", 300.0), "shop_site", None, None, os.environ)
    reader = ScheduleReader(connection)
    while True:
        # As the monitor does: the first read loads Django, which may take longer than a read may.
        view = await reader.read(time.time())
        if "does not answer in time" not in (view.unknown or ""):
            return view
        await asyncio.sleep(0.2)


log = logging.getLogger("celery_monitor")
document = msgspec.to_builtins(asyncio.run(_read()))
document["log_works"] = not log.disabled
sys.stdout.write(msgspec.json.encode(document).decode())
