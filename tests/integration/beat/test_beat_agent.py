"""Beat with the agent inside: it sends as it does without, and its report is true."""

import time
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for

from celery_health.wire.answers import ProcessState
from celery_health.wire.beat_report import BeatPhase
from celery_probe.sidecar.observe.lock import read_lock
from tests.integration.beat.harness import running_beat

PERSISTENT = "celery.beat.PersistentScheduler"


def queued(redis: RedisServer) -> int:
    """Messages in the default queue."""
    import redis as client  # noqa: PLC0415 - hides the parameter of the same name elsewhere

    with client.Redis.from_url(redis.url) as connection:
        return int(connection.llen("celery"))


@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_6, CELERY_5_7], ids=lambda world: world.celery)
def test_beat_ticks_and_sends_and_reports_both_until_its_end(world: World, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        running_beat(tmp_path, world, redis.url) as beat,
    ):
        first = beat.wait_until(lambda report: report.sent >= 2)
        assert (first.celery_version, first.kombu_version) == (world.celery, world.pins[1].split("==")[1])
        assert first.phase is BeatPhase.TICKING
        assert first.scheduler == PERSISTENT
        assert (first.entries, first.max_interval) == (2, 1)
        assert first.due_in is not None
        assert first.due_in <= 1
        assert read_lock(beat.run / "worker.lock").state is ProcessState.RUNNING
        later = beat.wait_until(lambda report: report.sent >= first.sent + 2)
        assert later.ticks > first.ticks
        assert (later.tick_mono or 0) > (first.tick_mono or 0)
        assert beat.terminate() == 0
        last = beat.report()
        assert last is not None
        assert last.phase is BeatPhase.STOPPING
        assert last.sent >= later.sent
        assert (last.error_count, last.last_error) == (0, "")
        assert not (beat.run / "report.json").exists(), "that is a worker's"
        assert read_lock(beat.run / "worker.lock").state is ProcessState.ENDED


def test_each_task_that_beat_sends_is_counted(tmp_path: Path) -> None:
    hanging = "beat_app:HangingScheduler"
    with (
        redis_server(tmp_path / "redis") as redis,
        running_beat(tmp_path, CELERY_5_7, redis.url, TEST_SCHEDULER=hanging) as beat,
    ):
        beat.wait_until(lambda report: report.sent >= 2)
        # At the beginning of a tick: SIGTERM in the midst of sending would leave a task uncounted.
        beat.hang.touch()
        wait_for(beat.hangs.exists, describe=beat.log)
        hung = time.monotonic()
        held = beat.wait_until(lambda report: report.written_mono > hung)
        assert held.sent == queued(redis)
        assert beat.terminate() == 0
        last = beat.report()
        assert last is not None
        assert (last.phase, last.sent) == (BeatPhase.STOPPING, queued(redis))


def test_a_foreign_scheduler_needs_only_a_tick(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        running_beat(tmp_path, CELERY_5_6, redis.url, TEST_SCHEDULER="beat_app:ForeignScheduler") as beat,
    ):
        report = beat.wait_until(lambda report: report.sent >= 2)
        assert (report.scheduler, report.entries) == ("beat_app.ForeignScheduler", None)
        assert (report.due_in, report.error_count) == (0.25, 0)


def test_a_scheduler_that_cannot_be_watched_works_and_the_report_says_so(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        running_beat(tmp_path, CELERY_5_6, redis.url, TEST_SCHEDULER="beat_app:SealedScheduler") as beat,
    ):
        report = beat.wait_until(lambda report: report.sent >= 2)
        assert (report.phase, report.ticks, report.tick_mono) == (BeatPhase.TICKING, 0, None)
        assert (report.error_count, report.last_error) == (1, "beat_init: AttributeError")
        assert beat.terminate() == 0


def test_beat_works_where_no_report_can_be_written(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    with (
        redis_server(tmp_path / "redis") as redis,
        running_beat(tmp_path, CELERY_5_7, redis.url, CELERY_PROBE_DIRECTORY=str(nowhere)) as beat,
    ):
        wait_for(lambda: queued(redis) >= 2, 30, beat.log)
        (nowhere / "run").mkdir(parents=True)
        beat.run = nowhere / "run"
        late = beat.wait_until(lambda report: report.phase is BeatPhase.TICKING)
        assert late.error_count > 0
        assert late.last_error.endswith("FileNotFoundError")
        assert beat.terminate() == 0
