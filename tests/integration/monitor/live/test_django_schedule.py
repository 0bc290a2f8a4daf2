"""The schedule of a real Django project with django-celery-beat, before and after beat has run."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from redis import Redis
from tools.testbed.celery_versions import DJANGO
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

pytestmark = pytest.mark.timeout(900)

PROJECT = Path(__file__).parent / "django_project"
ROOTS = [Path(__file__).parents[4] / name for name in ("monitor", "health")]
HOUR = 3600.0


@dataclass(frozen=True)
class Site:
    """The project with its database, and a broker that has no tasks of redbeat."""

    environment: dict[str, str]
    database: Path

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(DJANGO.python()), *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def schedule(self) -> tuple[dict[str, Any], Any]:
        document = json.loads(self.run("read_schedule.py"))
        assert document["log_works"]
        return {entry["name"]: entry for entry in document["entries"]}, document["unknown"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with redis_server(folder / "redis") as redis:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, ROOTS)),
            "DJANGO_SETTINGS_MODULE": "shop_site.settings",
            "TEST_BROKER": redis.url,
            "TEST_DATABASE": str(folder / "site.sqlite"),
        }
        found = Site(environment, folder / "site.sqlite")
        found.run("fill.py")
        yield found


def test_the_tables_before_beat_has_run(site: Site) -> None:
    now = time.time()
    entries, unknown = site.schedule()

    assert {entry["source"] for entry in entries.values()} == {"django-celery-beat"}
    assert "3 min" in unknown
    mail = entries["mail"]
    assert (mail["task"], mail["schedule"], mail["queue"], mail["enabled"]) == (
        "shop.mail",
        "every 1 s",
        "mail",
        True,
    )
    assert (mail["last_run"], mail["runs"]) == (None, 0)
    stopped = entries["stopped"]
    assert (stopped["enabled"], stopped["next_run"], stopped["missed"]) == (False, None, None)
    assert entries["late"]["next_run"] == pytest.approx(now + 48 * HOUR, abs=600)
    assert entries["missed hours"]["missed"] == 5
    assert entries["missed hours"]["runs"] == 7
    assert entries["in time"]["missed"] == 0
    assert entries["in time"]["next_run"] == pytest.approx(now + 0.5 * HOUR, abs=600)
    # The run may not be in the table yet.
    assert entries["just due"]["missed"] == 0
    assert entries["just due"]["next_run"] > now
    assert (entries["expired"]["next_run"], entries["expired"]["missed"]) == (None, None)


def test_each_kind_of_schedule(site: Site) -> None:
    now = time.time()
    entries, _ = site.schedule()

    nightly = datetime.fromtimestamp(entries["nightly"]["next_run"], ZoneInfo("America/New_York"))
    assert (nightly.hour, nightly.minute) == (4, 30)
    assert entries["nightly"]["schedule"] == "cron 30 4 * * *"
    assert now < nightly.timestamp() <= now + 25 * HOUR
    once = entries["once"]
    assert once["schedule"] == "once at 2099-01-01 12:00:00 UTC"
    assert (once["next_run"], once["missed"]) == (4_070_952_000.0, 0)
    assert entries["once missed"]["missed"] == 1
    assert entries["sun"]["schedule"] == "sunrise at 52.5, 13.4"
    assert now < entries["sun"]["next_run"] <= now + 25 * HOUR


def test_tables_that_cannot_be_read_are_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "empty.sqlite").touch()
    empty = Site({**site.environment, "TEST_DATABASE": str(tmp_path / "empty.sqlite")}, tmp_path)
    entries, unknown = empty.schedule()
    assert entries == {}
    assert "the tables of django-celery-beat cannot be read" in unknown
    assert "no such table" in unknown


def is_ended(beat: "subprocess.Popen[bytes]") -> bool:
    """Ask beat to end. Celery can lose the exception with which a signal ends it in the midst of a send.

    On a busy machine, it takes long to note its runs at the end, and a second signal would interrupt that.
    """
    beat.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        beat.wait(timeout=60)
    return beat.poll() is not None


def test_the_runs_of_a_real_beat(site: Site, tmp_path: Path) -> None:
    began = time.time()
    command = [str(DJANGO.python()), "-m", "celery", "-A", "shop_site", "beat", "--pidfile="]
    with (tmp_path / "beat.log").open("wb") as log:
        beat = subprocess.Popen(command, cwd=PROJECT, env=site.environment, stdout=log, stderr=log)

    def sent() -> bool:
        assert beat.poll() is None, (tmp_path / "beat.log").read_text()
        with Redis.from_url(site.environment["TEST_BROKER"]) as broker:
            # What was overdue goes to the default queue: two entries of an hour, and the one of one time.
            return int(broker.llen("mail")) >= 3 and int(broker.llen("celery")) >= 3

    try:
        wait_for(sent, 300, (tmp_path / "beat.log").read_text)
    finally:
        wait_for(partial(is_ended, beat), 180, "the end of beat")
    ended = time.time()
    with sqlite3.connect(site.database) as database:
        (runs,) = database.execute(
            "SELECT total_run_count FROM django_celery_beat_periodictask WHERE name = 'mail'"
        ).fetchone()
    assert runs >= 3
    entries, _ = site.schedule()
    mail = entries["mail"]
    assert mail["runs"] == runs
    assert began - 1 <= mail["last_run"] <= ended + 1
    assert entries["missed hours"]["missed"] == 0
    assert entries["missed hours"]["last_run"] > began - 1
    once = entries["once missed"]
    assert (once["next_run"], once["missed"]) == (None, None)
