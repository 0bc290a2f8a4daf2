"""Creates the tables and the periodic tasks, as a user does in Django's admin. Prints nothing."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils.timezone import now  # noqa: E402
from django_celery_beat.models import (  # noqa: E402
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

call_command("migrate", verbosity=0)
every_second = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.SECONDS)
every_hour = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.HOURS)
nightly = CrontabSchedule.objects.create(minute="30", hour="4", timezone=ZoneInfo("America/New_York"))
noon = ClockedSchedule.objects.create(clocked_time=datetime(2099, 1, 1, 12, tzinfo=ZoneInfo("UTC")))
past = ClockedSchedule.objects.create(clocked_time=now() - timedelta(hours=2))
sunrise = SolarSchedule.objects.create(event="sunrise", latitude=52.5, longitude=13.4)


def periodic(name: str, **fields: object) -> None:
    """One periodic task. A run is noted as beat does it, past the rules of the admin."""
    last_run = fields.pop("last_run", None)
    PeriodicTask.objects.create(name=name, task=f"shop.{name.replace(' ', '_')}", **fields)
    if last_run is not None:
        PeriodicTask.objects.filter(name=name).update(last_run_at=last_run, total_run_count=7)


periodic("mail", interval=every_second, queue="mail")
periodic("stopped", interval=every_second, enabled=False)
periodic("late", interval=every_hour, start_time=now() + timedelta(days=2))
periodic("missed hours", interval=every_hour, last_run=now() - timedelta(hours=5, minutes=30))
periodic("in time", interval=every_hour, last_run=now() - timedelta(minutes=30))
periodic("just due", interval=every_hour, last_run=now() - timedelta(hours=1, minutes=1))
periodic("nightly", crontab=nightly, last_run=now())
periodic("once", clocked=noon, one_off=True)
periodic("once missed", clocked=past, one_off=True)
periodic(
    "expired", interval=every_second, expires=now() - timedelta(days=1), last_run=now() - timedelta(days=2)
)
periodic("sun", solar=sunrise, last_run=now())
