"""When periodic tasks are due, and which runs were missed."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from celery import Celery
from celery.schedules import crontab

from celery_health.survey.app_connection import resolve
from celery_monitor.live.schedule.application import application_entries
from celery_monitor.live.schedule.reading import ScheduleReader
from celery_monitor.live.schedule.redbeat import entry_of, redbeat_entries
from celery_monitor.live.schedule.timing import MAX_MISSED, Interval, Other, cron_of, missed_runs, next_run

NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC).timestamp()


def test_a_crontab_is_due_at_its_next_time() -> None:
    nightly = cron_of({"minute": "0", "hour": "4"})

    assert nightly.words == "cron 0 4 * * *"
    assert nightly.after(NOW) == datetime(2026, 11, 30, 4, 0, tzinfo=UTC).timestamp()


def test_missed_runs_are_those_that_are_overdue() -> None:
    every_minute, nightly = Interval(60.0), cron_of({"minute": "0", "hour": "4"})

    assert missed_runs(every_minute, NOW - 30, NOW) == 0
    assert missed_runs(every_minute, NOW - 600, NOW) == 9
    assert missed_runs(nightly, NOW - 6 * 3600 - 2 * 86_400, NOW) == 3
    assert missed_runs(every_minute, None, NOW) is None
    assert missed_runs(Other("solar"), NOW - 600, NOW) == 1
    assert missed_runs(Interval(0.0), NOW - 600, NOW) == 1


def test_the_times_of_a_crontab_are_computed_from_fields_that_are_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[object] = []
    expand = crontab._expand_cronspec

    def counted(fields: object, *limits: int) -> object:
        read.append(fields)
        return expand(fields, *limits)

    monkeypatch.setattr(crontab, "_expand_cronspec", staticmethod(counted))

    assert missed_runs(cron_of({}), NOW - 86_400, NOW) == MAX_MISSED
    assert len(read) == 5


async def test_the_entries_of_an_application_are_read_in_a_thread() -> None:
    class Noted:
        def __str__(self) -> str:
            threads.append(threading.current_thread())
            return "now and then"

    threads: list[threading.Thread] = []
    app = Celery("shop", broker="redis://127.0.0.1:1/0", set_as_current=False)
    app.conf.beat_schedule = {"mail": {"task": "shop.mail", "schedule": Noted()}}
    connection = replace(resolve(None, None, "redis://127.0.0.1:1/0", None, {}), app=app)

    view = await ScheduleReader(connection).read(NOW)

    assert [entry.schedule for entry in view.entries] == ["now and then"]
    assert threading.main_thread() not in threads


def test_the_next_run_is_in_the_future_where_the_last_runs_are_not_known_yet() -> None:
    every_minute, nightly = Interval(60.0), cron_of({"minute": "0", "hour": "4"})

    assert next_run(every_minute, NOW + 5, NOW) == NOW + 5
    assert next_run(every_minute, NOW - 150, NOW) == NOW + 30
    assert next_run(Interval(1e-6), NOW - 150, NOW) == NOW
    assert next_run(nightly, NOW - 60, NOW) == datetime(2026, 11, 30, 4, 0, tzinfo=UTC).timestamp()
    assert next_run(Other("solar"), NOW - 60, NOW) is None
    assert next_run(every_minute, None, NOW) is None


def test_fields_that_are_no_crontab_have_no_next_time() -> None:
    assert cron_of({"minute": "x" * 500}).after(NOW) is None


def test_the_entries_of_an_application_do_not_invent_their_runs() -> None:
    app = Celery("shop", set_as_current=False)
    app.conf.beat_schedule = {
        "mail": {"task": "shop.mail", "schedule": 30.0, "options": {"queue": "mail"}},
        "report": {"task": "shop.report", "schedule": crontab(minute="0", hour="4")},
        "broken": "x",
    }

    mail, report = application_entries(app, NOW)

    assert (mail.name, mail.schedule, mail.queue) == ("mail", "every 30 s", "mail")
    assert (mail.last_run, mail.next_run, mail.missed) == (None, None, None)
    assert report.schedule == "cron 0 4 * * *"
    assert report.next_run == datetime(2026, 11, 30, 4, 0, tzinfo=UTC).timestamp()


def test_an_entry_of_redbeat_has_its_last_and_next_run() -> None:
    definition = {
        "name": "mail",
        "task": "shop.mail",
        "schedule": {"__type__": "interval", "every": 30.0, "relative": False},
        "options": {"queue": "mail"},
        "enabled": True,
    }
    last = {"__type__": "datetime", "year": 2026, "month": 11, "day": 29, "hour": 9, "minute": 59,
            "second": 40, "microsecond": 0, "timezone": "UTC"}  # fmt: skip
    meta = {"last_run_at": last, "total_run_count": 7}

    entry = entry_of(json.dumps(definition).encode(), json.dumps(meta).encode(), due=NOW + 10, now=NOW)

    assert entry is not None
    assert (entry.schedule, entry.queue, entry.runs) == ("every 30 s", "mail", 7)
    assert (entry.last_run, entry.next_run, entry.missed) == (NOW - 20, NOW + 10, 0)


def test_an_entry_that_is_disabled_is_not_due() -> None:
    definition = {"name": "mail", "task": "shop.mail", "schedule": {}, "enabled": False}

    entry = entry_of(json.dumps(definition), None, due=NOW - 900, now=NOW)

    assert entry is not None
    assert (entry.enabled, entry.next_run, entry.missed) == (False, None, None)


def test_texts_that_are_no_entry_are_left_out() -> None:
    for definition in (None, b"{", b"[]", b"[" * 5000, b'{"name": 1}', b"x" * 200_000):
        assert entry_of(definition, b"{}", due=NOW, now=NOW) is None
        assert redbeat_entries([(NOW, definition, b"{}")], NOW) == []
