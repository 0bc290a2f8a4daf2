"""Schedulers of others, chosen as by ``spec.beat.scheduler``: they send, and the agent sees them tick."""

from pathlib import Path

import pytest
from tools.testbed.celery_versions import DJANGO, REDBEAT, World
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_health.wire.beat_report import BeatPhase
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.parts.beat import beat_command
from tests.integration.beat.harness import running_beat
from tests.integration.beat.test_beat_agent import queued

SCHEDULERS = {
    "redbeat": (REDBEAT, "redbeat.RedBeatScheduler", "redbeat.schedulers.RedBeatScheduler"),
    "django-celery-beat": (
        DJANGO,
        "django_celery_beat.schedulers:DatabaseScheduler",
        "django_celery_beat.schedulers.DatabaseScheduler",
    ),
}


def options(scheduler: str) -> list[str]:
    """What the operator adds to the command of beat for this scheduler."""
    spec = CeleryDeploymentSpec.model_validate(
        {
            "app": "beat_app",
            "image": "shop:1",
            "broker": {"url": "redis://redis"},
            "workers": [{"name": "default"}],
            "beat": {"enabled": True, "scheduler": scheduler, "args": ["--max-interval=1"]},
        }
    )
    command = beat_command(spec)
    return command[command.index("--scheduler") :]


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_that_keeps_its_schedule_elsewhere_sends_and_is_seen_to_tick(
    name: str, tmp_path: Path
) -> None:
    world, scheduler, reported = SCHEDULERS[name]
    assert isinstance(world, World)
    environment = {"TEST_SECONDS": "1"}
    if world is DJANGO:
        environment["TEST_DATABASE"] = str(tmp_path / "site.sqlite3")
    with (
        redis_server(tmp_path / "redis") as redis,
        running_beat(tmp_path, world, redis.url, options(scheduler), **environment) as beat,
    ):
        report = beat.wait_until(lambda report: report.sent >= 2)
        assert (report.phase, report.scheduler) == (BeatPhase.TICKING, reported)
        assert (report.error_count, report.last_error) == (0, "")
        wait_for(lambda: queued(redis) >= 2, 30, beat.log)
        assert not (tmp_path / "schedule").exists(), "the schedule is not in a file"
