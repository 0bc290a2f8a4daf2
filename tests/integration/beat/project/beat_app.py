# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""The application that the tests' beats run: it knows nothing of the agent."""

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery
from celery.beat import PersistentScheduler

if database := os.environ.get("TEST_DATABASE"):
    # A Django project with its tables, as django-celery-beat needs it.
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        INSTALLED_APPS=["django_celery_beat"],
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)

app = Celery("beat_app", broker=os.environ["TEST_BROKER"], backend=os.environ.get("TEST_RESULTS"))
app.conf.update(
    beat_schedule={
        "often": {
            "task": "beat_app.note",
            "schedule": float(os.environ.get("TEST_SECONDS", "0.5")),
            "args": ("often",),
        },
        "never": {"task": "beat_app.note", "schedule": 1e6, "args": ("never",)},
    },
    beat_max_loop_interval=1,
    beat_scheduler=os.environ.get("TEST_SCHEDULER", "celery.beat:PersistentScheduler"),
    result_expires=None,
    worker_hijack_root_logger=False,
)


@app.task
def note(name: str) -> str:
    """Be there to be sent."""
    return name


def _hang_while_requested() -> None:
    hang = Path(os.environ["TEST_HANG"])
    if hang.exists():
        hang.with_name("hangs").touch()
    while hang.exists():
        time.sleep(0.05)


class HangingScheduler(PersistentScheduler):  # type: ignore[misc]
    """Hangs inside a tick for as long as the file TEST_HANG is there."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        _hang_while_requested()
        return super().tick(*args, **kwargs)


class SyncingScheduler(PersistentScheduler):  # type: ignore[misc]
    """Hangs between two ticks, where Celery has it save its schedule."""

    def should_sync(self) -> bool:
        _hang_while_requested()
        return bool(super().should_sync())


class ForeignScheduler:
    """A scheduler of somebody else's, with no more than Celery asks for."""

    max_interval = 0.25

    def __init__(self, app: Celery, **_: Any) -> None:
        self._app = app

    @property
    def info(self) -> str:
        """What Celery's banner shows."""
        return ""

    def tick(self) -> float:
        """Send one task at each tick."""
        self._app.send_task("beat_app.note", ("foreign",))
        return 0.25

    def should_sync(self) -> bool:
        """Nothing is kept."""
        return False

    def close(self) -> None:
        """Nothing is open."""


class SealedScheduler(ForeignScheduler):
    """One whose methods cannot be replaced."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "tick":
            raise AttributeError("tick is sealed")
        super().__setattr__(name, value)


@app.on_after_finalize.connect
def _wait_for_a_lock(**_: Any) -> None:
    """As RedBeat does, which holds up Celery's own signal until it has its lock."""
    if os.environ.get("TEST_LOCK"):
        from celery import signals  # noqa: PLC0415 - as late as schedulers of others connect

        signals.beat_init.connect(lambda **_: _hang_while_requested(), weak=False)
