"""A real beat, judged by a real sidecar: what restarts it, and above all what does not."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import RedisServer, free_port, rabbit_server, redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for, wait_for_async

from tests.integration.beat.harness import TICK_LIMIT, beat_sidecar, running_beat
from tests.integration.sidecar.served import COMMAND, TOKEN, Sidecar, environment

# Long enough for every limit of the short thresholds to be passed.
OUTAGE = 2 * TICK_LIMIT + 1


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as server:
        yield server


async def test_a_beat_that_ticks_passes_every_probe(tmp_path: Path, redis: RedisServer) -> None:
    with running_beat(tmp_path, CELERY_5_6, redis.url) as beat:
        async with beat_sidecar(beat, redis.url) as sidecar:
            await sidecar.wait_reason("Ticking")
            for path in ("/startupz", "/livez", "/readyz"):
                assert await sidecar.status(path) == 200
            assert "celery_beat_ready 1" in await sidecar.text("/metrics")
            assert beat.terminate() == 0
            await sidecar.wait_reason("Ended", 5)
            assert await sidecar.status("/livez") == 200


def test_a_served_sidecar_fails_liveness_of_a_frozen_beat_until_it_goes_on(
    tmp_path: Path, redis: RedisServer
) -> None:
    with running_beat(tmp_path, CELERY_5_7, redis.url) as beat:
        port = free_port()
        env = environment(
            CELERY_PROBE_DIRECTORY=str(beat.directory),
            CELERY_PROBE_PORT=str(port),
            CELERY_PROBE_ROLE="beat",
            CELERY_PROBE_TOKEN=TOKEN,
            CELERY_BROKER_URL=redis.url,
        )
        with subprocess.Popen(COMMAND, env=env, text=True) as process:
            sidecar = Sidecar(port, beat.directory, process)
            try:
                wait_for(lambda: _reason(sidecar) == "Ticking", 30, beat.log)
                body = sidecar.report()
                assert (body["version"], body["role"], body["verdict"]["ready"]) == (1, "beat", True)
                assert body["tick_age"] < 5
                wait_for(lambda: sidecar.report()["broker"]["reachable"], 10, "the broker is checked")
                beat.signal(signal.SIGSTOP)
                wait_for(lambda: sidecar.status("/livez") == 503, 15 + BUSY_SECONDS, sidecar.report)
                assert sidecar.reason("/livez") == "Stuck"
                assert (sidecar.hold(60), sidecar.status("/livez")) == (202, 200)
                assert (sidecar.hold(0), sidecar.status("/livez")) == (202, 503)
                beat.signal(signal.SIGCONT)
                wait_for(lambda: sidecar.status("/livez") == 200, BUSY_SECONDS, sidecar.report)
            finally:
                process.terminate()
                process.wait(10)


@pytest.mark.parametrize("scheduler", ["HangingScheduler", "SyncingScheduler"])
async def test_a_scheduler_that_hangs_fails_liveness(
    scheduler: str, tmp_path: Path, redis: RedisServer
) -> None:
    with running_beat(tmp_path, CELERY_5_6, redis.url, TEST_SCHEDULER=f"beat_app:{scheduler}") as beat:
        async with beat_sidecar(beat, redis.url) as sidecar:
            await sidecar.wait_reason("Ticking")
            beat.hang.touch()
            await sidecar.wait_reason("TickOverdue")
            assert [await sidecar.status(path) for path in ("/livez", "/readyz")] == [503, 503]
            beat.hang.unlink()
            await sidecar.wait_reason("Ticking")


async def test_a_scheduler_that_hangs_while_the_broker_is_away_waits_for_the_broker(
    tmp_path: Path, redis: RedisServer
) -> None:
    with running_beat(tmp_path, CELERY_5_6, redis.url, TEST_SCHEDULER="beat_app:HangingScheduler") as beat:
        async with beat_sidecar(beat, redis.url) as sidecar:
            await sidecar.wait_reason("Ticking")
            redis.stop()
            beat.hang.touch()
            await sidecar.wait_reason("Connecting")
            assert await sidecar.status("/livez") == 200
            redis.start()
            await sidecar.wait_reason("TickOverdue")


@pytest.mark.parametrize(
    ("world", "frozen"), [(CELERY_5_3, True), (CELERY_5_7, False)], ids=["5.3.6-frozen", "5.7.0-stopped"]
)
async def test_an_outage_longer_than_every_limit_restarts_nothing_and_beat_goes_on_after_it(
    world: World, frozen: bool, tmp_path: Path, redis: RedisServer
) -> None:
    with running_beat(tmp_path, world, redis.url) as beat:
        async with beat_sidecar(beat, redis.url) as sidecar:
            await sidecar.wait_reason("Ticking")
            before = beat.wait_until(lambda report: report.sent > 0)
            (redis.pause if frozen else redis.stop)()
            await sidecar.wait_until_broker_is_away()

            async def condemned() -> bool:
                return await sidecar.status("/livez") != 200 or await sidecar.status("/startupz") != 200

            with pytest.raises(AssertionError, match="not within"):
                await wait_for_async(condemned, OUTAGE)
            assert beat.process is not None
            assert beat.process.poll() is None
            (redis.resume if frozen else redis.start)()
            beat.wait_until(lambda report: report.sent > before.sent + 1, 40)
            await sidecar.wait_reason("Ticking")


async def test_a_beat_started_while_its_broker_is_away_is_started_and_ticks_when_it_is_back(
    tmp_path: Path, redis: RedisServer
) -> None:
    redis.stop()
    with running_beat(tmp_path, CELERY_5_6, redis.url) as beat:
        async with beat_sidecar(beat, redis.url) as sidecar:
            await sidecar.wait_reason("Connecting")
            assert [await sidecar.status(path) for path in ("/startupz", "/livez")] == [200, 200]
            assert await sidecar.status("/readyz") == 503
            redis.start()
            await sidecar.wait_reason("Ticking")


async def test_a_result_backend_that_hangs_restarts_nothing(tmp_path: Path, redis: RedisServer) -> None:
    with redis_server(tmp_path / "results") as results:
        results.pause()
        with running_beat(tmp_path, CELERY_5_6, redis.url, TEST_RESULTS=results.url) as beat:
            async with beat_sidecar(beat, redis.url) as sidecar:
                await sidecar.wait_reason("WaitingForResultBackend")
                assert await sidecar.status("/livez") == 200
                results.resume()
                await sidecar.wait_reason("Ticking")


async def test_a_beat_that_waits_for_its_lock_is_started_and_left_alone(
    tmp_path: Path, redis: RedisServer
) -> None:
    hang = tmp_path / "hang"
    hang.touch()
    with running_beat(tmp_path, CELERY_5_6, redis.url, TEST_LOCK="yes") as beat:
        async with beat_sidecar(beat, redis.url) as sidecar:
            await sidecar.wait_reason("WaitingForFirstTick")
            assert [await sidecar.status(path) for path in ("/startupz", "/livez")] == [200, 200]
            hang.unlink()
            await sidecar.wait_reason("Ticking")


async def test_beat_sends_to_rabbitmq_and_its_outage_restarts_nothing(tmp_path: Path) -> None:
    with (
        rabbit_server(tmp_path / "rabbit") as rabbit,
        running_beat(tmp_path, CELERY_5_6, rabbit.url) as beat,
    ):
        async with beat_sidecar(beat, rabbit.url) as sidecar:
            await sidecar.wait_reason("Ticking")
            beat.wait_until(lambda report: report.sent >= 2)
            rabbit.pause()
            await sidecar.wait_until_broker_is_away()

            async def condemned() -> bool:
                return await sidecar.status("/livez") != 200

            with pytest.raises(AssertionError, match="not within"):
                await wait_for_async(condemned, OUTAGE)
            rabbit.resume()
            sent = (beat.report() or pytest.fail("no report")).sent
            beat.wait_until(lambda report: report.sent > sent + 1)


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    env = environment(CELERY_PROBE_DIRECTORY=str(tmp_path), CELERY_PROBE_ROLE="flower")
    done = subprocess.run(COMMAND, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "CELERY_PROBE_ROLE is 'flower': write worker or beat." in done.stderr


def _reason(sidecar: Sidecar) -> str:
    try:
        return sidecar.reason("/livez")
    except OSError:
        return ""
