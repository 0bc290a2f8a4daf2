"""The hook before a worker's stop: short tasks finish, long ones go back to the broker at once."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_4, CELERY_5_5, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, free_port, redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from celery_health.wire.names import LOCK_FILE
from celery_probe.agent.worker.stop import DRAIN_SECONDS, STALE_SECONDS
from celery_probe.sidecar.observe.lock import read_lock
from celery_probe.sidecar.observe.stray_stop import STRAY_SECONDS, StrayStop
from tests.integration.agent.harness import NO_LIMITS, AgentWorker, agent_worker, producer

LATE = {"TEST_ACKS_LATE": "1"}
# For the messages to go back on a machine that is busy: the hook waits no longer than it needs to.
PATIENT = {"stop.py:GIVE_BACK_SECONDS": 20.0}
TURNING = [
    (world, pool)
    for world in (CELERY_5_3, CELERY_5_7)
    for pool in ("prefork", "threads", "gevent", "eventlet")
]
OTHER_VERSIONS = [(world, "prefork") for world in (CELERY_5_4, CELERY_5_5, CELERY_5_6)]


@contextmanager
def late_worker(
    home: Path,
    world: World,
    pool: str,
    env: Mapping[str, str] = LATE,
    limits: Mapping[str, float] = NO_LIMITS,
) -> Iterator[tuple[AgentWorker, Celery, Redis]]:
    """A worker that consumes from a Redis of its own, and acknowledges a task when that is done."""
    with (
        redis_server(home / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(home, world, pool, redis.url, env={**LATE, **env}, limits=limits) as worker,
        Redis(port=redis.port) as client,
    ):
        worker.wait_until_consuming()
        yield worker, app, client


@pytest.mark.parametrize(
    ("world", "pool"), [*TURNING, (CELERY_5_7, "solo")], ids=lambda value: getattr(value, "celery", value)
)
def test_a_task_that_runs_finishes_and_those_that_wait_go_back(
    world: World, pool: str, tmp_path: Path
) -> None:
    running = ["runs-0"] if pool == "solo" else ["runs-0", "runs-1"]
    with late_worker(tmp_path, world, pool) as (worker, app, client):
        worker.hold(app, *running)
        worker.wait_until(lambda report: report.active_count == len(running))
        app.send_task("agent_app.note", ("held",), queue="celery", countdown=300)
        hook = worker.stop_hook(60, free_port())
        wait_for((worker.run / "stop").exists, describe="the stop is requested")
        # The loop of a solo pool stands during a task, and sees the request after it.
        worker.wait_until(lambda report: pool == "solo" or report.phase == "draining")
        worker.release(*running)
        assert hook.wait(30) == 0
        assert sorted(worker.ran()) == running
        assert worker.wait_for_end() == 0
        assert client.llen("celery") == 1
        assert client.hlen("unacked") == 0


@pytest.mark.parametrize(
    ("world", "pool"),
    [(world, pool) for world in (CELERY_5_3, CELERY_5_7) for pool in ("prefork", "threads")],
    ids=lambda value: getattr(value, "celery", value),
)
def test_what_waits_for_a_slot_or_for_its_time_is_not_begun_any_more(
    world: World, pool: str, tmp_path: Path
) -> None:
    with late_worker(tmp_path, world, pool) as (worker, app, client):
        worker.hold(app, "runs-0", "runs-1")
        worker.wait_until(lambda report: report.active_count == 2)
        for number in range(4):
            app.send_task("agent_app.note", (f"waits-{number}",), queue="celery")
        app.send_task("agent_app.note", ("due",), queue="celery", countdown=10)
        is_due = time.monotonic() + 11
        worker.wait_until(lambda report: (report.reserved, report.eta, report.eta_due) == (4, 1, 1))
        hook = worker.stop_hook(60, free_port())
        worker.wait_until(lambda report: report.phase == "draining")
        worker.wait_until(lambda report: (report.loop_mono or 0) > is_due)
        worker.release("runs-0", "runs-1")
        assert hook.wait(30) == 0
        assert worker.wait_for_end() == 0
        assert sorted(worker.ran()) == ["runs-0", "runs-1"]
        assert client.llen("celery") == 5
        assert client.hlen("unacked") == 0


@pytest.mark.parametrize(
    ("world", "pool"), [*TURNING, *OTHER_VERSIONS], ids=lambda value: getattr(value, "celery", value)
)
def test_a_task_that_takes_too_long_is_back_in_its_queue_at_once(
    world: World, pool: str, tmp_path: Path
) -> None:
    with late_worker(tmp_path, world, pool, limits=PATIENT) as (worker, app, client):
        for _ in range(5):
            app.send_task("agent_app.nap", (60,), queue="celery")
        app.send_task("agent_app.nap", (60,), queue="celery", countdown=300)
        worker.wait_until(lambda report: report.active_count == 2)
        process = worker.process
        assert process is not None
        # No time at all: the worker's pop is under way, and must not take what goes back.
        hook = worker.stop_hook(0, free_port())
        # Far less than the tasks take.
        wait_for(lambda: process.poll() is not None, 10 + BUSY_SECONDS, worker.log)
        assert client.llen("celery") == 6
        assert client.hlen("unacked") == 0
        assert client.zcard("unacked_index") == 0
        assert hook.wait(30) == 0


@pytest.mark.parametrize(
    ("world", "pool"),
    [(CELERY_5_6, "prefork"), (CELERY_5_7, "prefork"), (CELERY_5_7, "gevent")],
    ids=lambda value: getattr(value, "celery", value),
)
def test_a_pop_that_lasts_for_long_takes_nothing_of_what_goes_back(
    world: World, pool: str, tmp_path: Path
) -> None:
    env = {"TEST_POLLING_INTERVAL": "30"}
    with late_worker(tmp_path, world, pool, env, PATIENT) as (worker, app, client):
        app.send_task("agent_app.nap", (60,), queue="celery")
        worker.wait_until(lambda report: report.active_count == 1 and report.transport.polling)
        process = worker.process
        assert process is not None
        hook = worker.stop_hook(0, free_port())
        wait_for(lambda: process.poll() is not None, 10 + BUSY_SECONDS, worker.log)
        assert client.llen("celery") == 1
        assert client.hlen("unacked") == 0
        assert hook.wait(30) == 0


def test_a_task_that_no_other_worker_will_run_has_all_its_time(tmp_path: Path) -> None:
    with late_worker(tmp_path, CELERY_5_7, "prefork", limits=PATIENT) as (worker, app, client):
        app.send_task("agent_app.early_hold", ("early",), queue="celery")
        worker.hold(app, "late")
        worker.wait_until(lambda report: report.active_count == 2)
        hook = worker.stop_hook(0, free_port())
        wait_for(lambda: client.llen("celery") == 1, 30, worker.log)
        broker = f"redis://127.0.0.1:{client.get_connection_kwargs()['port']}/0"
        with agent_worker(tmp_path / "next", CELERY_5_7, "prefork", broker, env=LATE) as other:
            other.wait_until(lambda report: report.active_count == 1)
            worker.release("early", "late")
            assert hook.wait(30) == 0
            # The first neither restores nor acknowledges what now is the other's.
            assert worker.wait_for_end() == 0
            assert client.llen("celery") == 0
            assert client.hlen("unacked") == 1


def test_a_task_of_rabbitmq_that_takes_too_long_goes_back_when_the_worker_is_killed(
    tmp_path: Path, rabbit: RabbitServer
) -> None:
    queue = ("-Q", "stopped")
    with (
        producer(rabbit.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "prefork", rabbit.url, arguments=queue, env=LATE) as worker,
    ):
        worker.wait_until_consuming()
        worker.hold(app, "long", "short", queue="stopped")
        worker.wait_until(lambda report: report.active_count == 2)
        hook = worker.stop_hook(4, free_port())
        worker.wait_until(lambda report: report.phase == "draining")
        worker.release("short")
        assert hook.wait(30) == 0
        wait_for(lambda: worker.ran() == ["short"], describe=worker.log)
        worker.end()
        worker.start()
        worker.wait_until_consuming()
        worker.wait_until(lambda report: report.active_count == 1)


@pytest.mark.parametrize(
    ("world", "pool"),
    [(CELERY_5_7, "prefork"), (CELERY_5_3, "gevent")],
    ids=lambda value: getattr(value, "celery", value),
)
def test_an_idle_worker_is_let_go_within_seconds(world: World, pool: str, tmp_path: Path) -> None:
    # It would be waited for until then if it did not say that it has stopped fetching.
    limits = {"stop.py:DRAIN_SECONDS": 60.0}
    with late_worker(tmp_path, world, pool, limits=limits) as (worker, _app, _client):
        assert worker.stop_hook(60, free_port()).wait(DRAIN_SECONDS + BUSY_SECONDS) == 0


@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
def test_a_worker_behind_a_shell_that_passes_no_signal_on_ends_with_the_hook(
    world: World, tmp_path: Path
) -> None:
    shell = ("sh", "-c", 'trap : TERM; "$@"; exit $?', "sh")
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, "prefork", redis.url, env=LATE, launcher=shell) as worker,
    ):
        worker.wait_until_consuming()
        worker.hold(app, "done")
        worker.wait_until(lambda report: report.active_count == 1)
        # What the kubelet does: the hook, and then a signal that the shell keeps to itself.
        hook = worker.stop_hook(60, free_port())
        worker.wait_until(lambda report: report.phase == "draining")
        worker.release("done")
        assert hook.wait(30) == 0
        assert worker.terminate() == 0
        assert worker.ran() == ["done"]


def test_a_worker_that_stands_still_ends_the_hook_within_seconds(tmp_path: Path) -> None:
    with late_worker(tmp_path, CELERY_5_7, "prefork") as (worker, app, _client):
        app.send_task("agent_app.nap", (60,), queue="celery")
        worker.wait_until(lambda report: report.active_count == 1)
        assert worker.process is not None
        os.kill(worker.process.pid, signal.SIGSTOP)
        assert worker.stop_hook(60, free_port()).wait(2 * STALE_SECONDS + BUSY_SECONDS) == 0


def test_a_worker_that_is_gone_ends_the_hook_within_seconds(tmp_path: Path) -> None:
    with late_worker(tmp_path, CELERY_5_7, "prefork") as (worker, app, _client):
        app.send_task("agent_app.nap", (60,), queue="celery")
        worker.wait_until(lambda report: report.active_count == 1)
        worker.end()
        assert worker.stop_hook(60, free_port()).wait(2 * STALE_SECONDS + BUSY_SECONDS) == 0


def test_a_container_that_starts_again_knows_nothing_of_the_hook(tmp_path: Path) -> None:
    with late_worker(tmp_path, CELERY_5_7, "prefork") as (worker, _app, _client):
        assert worker.stop_hook(60, free_port()).wait(30) == 0
        assert worker.wait_for_end() == 0
        worker.start()
        worker.wait_until_consuming()
        assert not (worker.run / "stop").exists()


@pytest.mark.parametrize(
    ("world", "pool", "waiting"),
    [
        (CELERY_5_3, "prefork", 4),
        (CELERY_5_7, "prefork", 4),
        (CELERY_5_7, "threads", 4),
        # Its loop stands until a task that has arrived has a slot.
        (CELERY_5_7, "gevent", 0),
    ],
    ids=lambda value: getattr(value, "celery", value),
)
def test_a_worker_whose_stop_is_broken_off_ends_and_gives_back_what_it_has_not_begun(
    world: World, pool: str, waiting: int, tmp_path: Path
) -> None:
    with late_worker(tmp_path, world, pool) as (worker, app, client):
        worker.hold(app, "runs-0", "runs-1")
        worker.wait_until(lambda report: report.active_count == 2)
        for number in range(waiting):
            app.send_task("agent_app.note", (f"waits-{number}",), queue="celery")
        app.send_task("agent_app.note", ("held",), queue="celery", countdown=300)
        worker.wait_until(lambda report: (report.reserved, report.eta) == (waiting, 1))
        hook = worker.stop_hook(60, free_port())
        worker.wait_until(lambda report: report.phase == "draining")
        hook.kill()
        hook.wait(10)
        stray = StrayStop(worker.run)
        for moment in (0.0, STRAY_SECONDS):
            stray.clear(read_lock(worker.run / LOCK_FILE), worker.report(), moment)
        assert not (worker.run / "stop").exists()
        # It serves no one any more: it has to say so, to end by itself, and to lose nothing.
        worker.wait_until(lambda report: report.phase == "stopping")
        worker.release("runs-0", "runs-1")
        assert worker.wait_for_end() == 0
        assert sorted(worker.ran()) == ["runs-0", "runs-1"]
        assert client.llen("celery") == waiting + 1
        assert client.hlen("unacked") == 0
