"""The death of a real worker's own process is kept by its sidecar, with the tasks that ran."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_health.verdicts.thresholds import DEFAULT_THRESHOLDS
from celery_health.wire.answers import ProcessState
from celery_health.wire.deaths import ProcessEnd
from celery_probe.sidecar.observe import ends
from tests.integration.agent.harness import producer
from tests.integration.sidecar.watched import Watched, watched

DEATHS = ("-I", "agent_deaths")
NO_PORT = 1


@pytest.fixture(autouse=True)
def _late_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pause of this process, which refreshes in the place of the sidecar, make no report too old."""
    monkeypatch.setattr(ends, "STALE_SECONDS", 60.0)


def refreshed(watched: Watched, condition: Callable[[], bool], describe: str) -> None:
    """Refresh the evidence, as the sidecar does all the time, until the condition holds."""

    def holds() -> bool:
        watched.observer.refresh()
        return condition()

    wait_for(holds, 40, lambda: f"{describe}\n{watched.observer.answer()}\n{watched.worker.log()}")


def wait_for_end(watched: Watched) -> tuple[ProcessEnd, ...]:
    evidence = watched.observer.evidence
    refreshed(watched, lambda: evidence.process is ProcessState.ENDED, "the process ends")
    return watched.observer.answer().ends


def wait_until_active(watched: Watched, task_id: str) -> None:
    def is_active() -> bool:
        report = watched.observer.evidence.current
        return report is not None and any(task.id == task_id for task in report.active)

    refreshed(watched, is_active, "the task is active")


def nap(app: Celery, seconds: float) -> str:
    return str(app.send_task("agent_app.nap", (seconds,), queue="celery").id)


@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
@pytest.mark.parametrize("children", [1, 4])
def test_a_worker_that_is_killed_leaves_the_tasks_that_ran(
    world: World, children: int, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        watched(
            tmp_path,
            world,
            "prefork",
            redis.url,
            thresholds=DEFAULT_THRESHOLDS,
            arguments=("-c", str(children)),
        ) as worker,
    ):
        running = [nap(app, 60) for _ in range(children)]
        for task_id in running:
            wait_until_active(worker, task_id)
        assert worker.worker.process
        worker.worker.process.kill()
        (end,) = wait_for_end(worker)
        assert {task.id for task in end.active} == set(running)
        assert {task.name for task in end.active} == {"agent_app.nap"}
        assert all(task.ran_for is not None and 0 <= task.ran_for < 60 for task in end.active)
        assert (end.pid, end.active_count) == (worker.worker.process.pid, children)

        # The next process of the pod uses the same folder. The end is kept; a regular end adds none.
        worker.worker.process.wait(10)
        worker.worker.end()
        worker.worker.start()
        current = worker.observer.evidence
        refreshed(worker, lambda: bool(current.current and current.current.consuming), "it consumes again")
        assert [again.ended_mono for again in worker.observer.answer().ends] == [end.ended_mono]
        worker.worker.process.terminate()
        assert [again.ended_mono for again in wait_for_end(worker)] == [end.ended_mono]


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_task_that_soon_kills_its_worker_is_in_the_last_report(pool: str, tmp_path: Path) -> None:
    task = "agent_deaths.kill_parent" if pool == "prefork" else "agent_deaths.exit_later"
    # Less than a second would be too little for a report that a busy machine holds up. So the reports of each
    # second come far later than the death: the one with the task is written because the task has begun.
    limits = {"celery_probe/agent/report_thread.py:HEARTBEAT_SECONDS": 120.0}
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        watched(
            tmp_path,
            CELERY_5_7,
            pool,
            redis.url,
            thresholds=DEFAULT_THRESHOLDS,
            arguments=DEATHS,
            limits=limits,
        ) as worker,
    ):
        worker.observer.refresh()
        deadly = app.send_task(task, (5.0,), queue="celery").id
        (end,) = wait_for_end(worker)
        assert [found.id for found in end.active] == [deadly]


@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_6, CELERY_5_7], ids=lambda world: world.celery)
@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_a_task_that_raises_memory_error_is_kept_over_the_restart_of_the_worker(
    world: World, pool: str, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        watched(tmp_path, world, pool, redis.url, thresholds=DEFAULT_THRESHOLDS, arguments=DEATHS) as worker,
    ):
        worker.observer.refresh()
        early = app.send_task("agent_deaths.starve_early", queue="celery").id
        (end,) = wait_for_end(worker)
        assert (end.cause, end.returns, [task.id for task in end.active]) == ("MemoryError", False, [early])
        late = app.send_task("agent_deaths.starve", queue="celery").id
        for ends in (2, 3):
            assert worker.worker.process
            assert worker.worker.process.wait(20) == 1
            worker.worker.end()
            worker.worker.start()
            refreshed(worker, partial(_has_ends, worker, ends), "it ends again")
        kept = worker.observer.answer().ends[1:]
        assert [(one.cause, one.returns, one.active[0].id) for one in kept] == [
            ("MemoryError", True, late)
        ] * 2


def _has_ends(worker: Watched, number: int) -> bool:
    return len(worker.observer.answer().ends) == number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=["warm", "cold"])
def test_a_worker_that_is_stopped_has_not_died(number: signal.Signals, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        watched(tmp_path, CELERY_5_7, "prefork", redis.url, thresholds=DEFAULT_THRESHOLDS) as worker,
    ):
        wait_until_active(worker, worker.worker.hold(app, "running"))
        assert worker.worker.process
        worker.worker.process.send_signal(number)
        worker.worker.wait_until(lambda report: report.phase == "stopping")
        worker.worker.release("running")
        assert wait_for_end(worker) == ()


def test_a_worker_that_is_killed_when_its_time_to_stop_is_over_has_not_died(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        watched(tmp_path, CELERY_5_7, "prefork", redis.url, thresholds=DEFAULT_THRESHOLDS) as worker,
    ):
        wait_until_active(worker, nap(app, 60))
        # The stop hook leaves the task no time, and then the kubelet kills the process.
        worker.worker.stop_hook(0.0, NO_PORT).wait(30)
        assert worker.worker.process
        worker.worker.process.kill()
        assert wait_for_end(worker) == ()
