"""The hooks in billiard's pool: what they record, and that a failing hook changes nothing for Celery."""

import json
import signal
from types import SimpleNamespace
from typing import Any

import pytest
from billiard.pool import EX_RECYCLE as RECYCLE
from billiard.pool import READY, RUN, ApplyResult

from celery_health.wire.deaths import death_stats
from celery_probe.agent import natives
from celery_probe.agent.cgroup import MemoryCgroup
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker.deaths import lost_children
from celery_probe.agent.worker.deaths.lost_children import LostChildren
from celery_probe.agent.worker.state import Worker


class Billiard:
    """A pool of billiard as the hooks see it."""

    def __init__(self, *children: Any) -> None:
        self._state = RUN
        self._pool = list(children)
        self._cache: dict[int, Any] = {}
        self._timeout_handler = SimpleNamespace(_trywaitkill=self._kill)
        self._result_handler = SimpleNamespace(state_handlers={READY: self._ready})
        self.calls: list[str] = []

    def on_job_process_lost(self, _job: Any, pid: int, exitcode: int) -> str:
        self.calls.append(f"lost {pid} {exitcode}")
        return "lost"

    def process_flush_queues(self, child: Any) -> None:
        self.calls.append(f"flush {child.pid}")

    def on_job_process_down(self, _job: Any, pid: int) -> None:
        self.calls.append(f"down {pid}")

    def _join_exited_workers(self, shutdown: bool = False) -> list[int]:
        gone = [child for child in self._pool if child.exitcode is not None]
        self._pool = [child for child in self._pool if child not in gone]
        for job in self._cache.values():
            for child in gone:
                if child.pid in job.worker_pids() and not shutdown:
                    self.on_job_process_lost(job, child.pid, child.exitcode)
        return [child.exitcode for child in gone]

    def _kill(self, child: Any) -> None:
        child.exitcode = -15

    def _ready(self, number: int, *_: Any) -> None:
        self.calls.append(f"ready {number}")


class Prefork:
    __module__ = "celery.concurrency.prefork"

    def __init__(self, billiard: Any) -> None:
        self._pool = billiard


def child(pid: int, exitcode: int | None = None, **state: bool) -> Any:
    return SimpleNamespace(pid=pid, exitcode=exitcode, **state)


class Request:
    """A request of Celery as far as the hooks read it."""

    def __init__(self, **task: Any) -> None:
        self.id, self.name, self.acknowledged = "a1", "shop.crash", False
        self.request_dict: dict[str, Any] = {}
        self.task = SimpleNamespace(**{"acks_late": True, "reject_on_worker_lost": True, **task})
        self.message = SimpleNamespace(delivery_info={"exchange": "", "routing_key": "default"})

    def on_failure(self, *_: Any) -> None:
        """The error callback of its job."""


def job(request: Request | None, pid: int, billiard: Billiard) -> Any:
    result = ApplyResult(billiard._cache, None, error_callback=request and request.on_failure)
    result._ack(None, 1.0, pid, None)
    return result


class World:
    """A pool with the hooks in place."""

    def __init__(self, *children: Any) -> None:
        self.billiard = Billiard(*children)
        self.worker = Worker()
        self.worker.consumer = SimpleNamespace(task_consumer=None)
        self.errors = ErrorLog()
        self.notified: list[None] = []
        cgroup = MemoryCgroup("/nowhere", is_version_1=False)
        self.hooks = LostChildren(self.worker, cgroup, self.errors, lambda: self.notified.append(None))
        self.hooks.install(Prefork(self.billiard))

    def reap(self) -> Any:
        return self.billiard._join_exited_workers()

    def report(self) -> dict[str, Any]:
        assert (self.errors.count, self.errors.last) == (0, "")
        return self.worker.deaths.report(natives.monotonic(), lambda _: 1)

    def totals(self) -> tuple[int, int, int]:
        report = self.report()
        return report["children_lost_total"], report["children_lost_idle"], report["tasks_lost_total"]


def test_a_lost_job_is_recorded_with_its_task_and_celery_hears_of_it() -> None:
    world = World(child(8, -11), child(9))
    job(Request(), 8, world.billiard)
    assert world.reap() == [-11]
    assert world.billiard.calls == ["lost 8 -11"]
    (deaths,) = world.report()["deaths"]
    assert (deaths["id"], deaths["name"], deaths["queue"]) == ("a1", "shop.crash", "default")
    assert (deaths["cause"], deaths["returns"], deaths["ran_for"] > 0) == ("signal SIGSEGV", True, True)
    assert world.totals() == (1, 0, 0)
    assert world.notified == [None]


def test_a_job_that_is_no_task_of_celery_leaves_a_child_without_a_task() -> None:
    world = World(child(8, -11))
    job(None, 8, world.billiard)
    world.reap()
    assert world.totals() == (1, 1, 0)


@pytest.mark.parametrize(
    ("exitcode", "cause"),
    [(0, "exit status 0"), (3, "exit status 3"), (155, "exit status 155"), (-9, "signal SIGKILL")],
)
def test_the_cause_is_the_exit_status_or_the_signal(exitcode: int, cause: str) -> None:
    world = World(child(8, exitcode))
    job(Request(), 8, world.billiard)
    world.reap()
    assert [deaths["cause"] for deaths in world.report()["deaths"]] == [cause]


def test_a_signal_without_a_name_is_given_by_its_number() -> None:
    assert lost_children._cause(-signal.SIGRTMIN - 1) == f"signal {signal.SIGRTMIN + 1}"


@pytest.mark.parametrize(
    ("ended", "idle"),
    [
        (child(8, -9), 1),
        (child(8, 1), 1),
        (child(8, 0), 0),
        (child(8, RECYCLE), 0),
        (child(8, -15, _controlled_termination=True), 0),
    ],
    ids=["killed", "failed", "ended well", "recycled", "terminated"],
)
def test_a_child_that_ran_no_task_died_unless_its_end_was_ordered(ended: Any, idle: int) -> None:
    world = World(ended, child(9))
    world.reap()
    assert world.totals() == (idle, idle, 0)


def test_a_child_that_a_time_limit_ends_did_not_die() -> None:
    limited = child(8)
    world = World(limited)
    world.billiard._timeout_handler._trywaitkill(limited)
    assert world.reap() == [-15]
    assert world.totals() == (0, 0, 0)


@pytest.mark.parametrize("state", [1, 2], ids=["closed", "terminated"])
def test_the_end_of_a_pool_that_stops_is_no_death(state: int) -> None:
    world = World(child(8, -15), child(9, -15))
    job(Request(), 8, world.billiard)
    world.billiard._state = state
    world.reap()
    assert world.totals() == (0, 0, 0)


def test_a_job_that_a_pool_with_threads_gives_up_later_is_one_death() -> None:
    world = World(child(8, -11), child(9))
    lost = job(Request(), 8, world.billiard)
    world.reap()
    lost._worker_lost = (1.0, -11)
    world.billiard.on_job_process_lost(lost, 8, 0)
    assert world.totals() == (1, 0, 0)


@pytest.mark.parametrize(
    ("task", "acknowledged", "returns"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"acks_late": False}, False, False),
        ({"reject_on_worker_lost": None}, False, False),
        ({"acks_late": False, "retry_on_worker_lost": True, "max_retries": 3}, True, True),
        ({"retry_on_worker_lost": True, "max_retries": 2}, False, False),
        ({"retry_on_worker_lost": True, "max_retries": None}, False, True),
    ],
)
def test_a_message_goes_back_as_celery_decides(
    task: dict[str, Any], acknowledged: bool, returns: bool
) -> None:
    world = World(child(8, -11))
    request = Request(**task)
    request.acknowledged, request.request_dict = acknowledged, {"retries": 2}
    job(request, 8, world.billiard)
    world.reap()
    assert [deaths["returns"] for deaths in world.report()["deaths"]] == [returns]
    assert world.totals() == (1, 0, 0 if returns else 1)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (SystemExit(3), "exit status 3"),
        (SystemExit(), "exit status 0"),
        (SystemExit("bye"), "exit status 1"),
        (SimpleNamespace(exc=SystemExit(4)), "exit status 4"),
        (KeyboardInterrupt(), "exit status 1"),
    ],
)
def test_a_result_that_is_an_exit_is_the_death_of_its_child(error: Any, cause: str) -> None:
    ended = child(8)
    world = World(ended)
    number = job(Request(), 8, world.billiard)._job
    world.billiard._result_handler.state_handlers[READY](
        number, None, (False, SimpleNamespace(exception=error))
    )
    assert world.billiard.calls == [f"ready {number}"]
    ended.exitcode = 1
    world.billiard._cache.clear()
    world.reap()
    assert [(deaths["cause"], deaths["failed"]) for deaths in world.report()["deaths"]] == [(cause, True)]
    assert world.totals() == (1, 0, 1)


def test_other_results_are_no_deaths() -> None:
    world = World(child(8))
    number = job(Request(), 8, world.billiard)._job
    ready = world.billiard._result_handler.state_handlers[READY]
    ready(number, None, (True, "result"))
    ready(number, None, (False, SimpleNamespace(exception=ValueError())))
    assert world.totals() == (0, 0, 0)


def test_a_hook_that_fails_counts_an_error_and_celery_goes_on() -> None:
    world = World(child(8, -11))
    broken = job(Request(), 8, world.billiard)
    broken._error_callback.__self__.task = None
    assert world.reap() == [-11]
    assert world.billiard.calls == ["lost 8 -11"]
    assert (world.errors.count, world.errors.last) == (1, "lost child: AttributeError")
    world.billiard._result_handler.state_handlers[READY](1)
    assert world.billiard.calls[1:] == ["ready 1"]


def test_a_pool_without_a_name_that_is_needed_stays_as_it_is() -> None:
    world = World()
    other = Billiard()
    before = dict(vars(other))
    del other._timeout_handler._trywaitkill
    with pytest.raises(AttributeError):
        world.hooks.install(Prefork(other))
    assert vars(other) == before


def test_a_pool_is_hooked_once() -> None:
    world = World(child(8, -11))
    world.hooks.install(Prefork(world.billiard))
    job(Request(), 8, world.billiard)
    world.reap()
    assert world.totals() == (1, 0, 0)


def test_the_answer_to_inspect_stats_has_the_deaths_within_the_contract() -> None:
    world = World(child(8, -11), child(9))
    request = Request()
    request.id = request.name = "\ud800" * 300
    job(request, 8, world.billiard)
    world.reap()
    stats = death_stats(json.loads(json.dumps(world.hooks.stats())))
    assert stats is not None
    assert (stats.children_lost, stats.tasks_lost, stats.deaths[0].cause) == (1, 0, "signal SIGSEGV")
    assert (stats.memory_limit_bytes, stats.memory_peak_bytes) == (None, None)
    assert world.errors.count == 0


def test_a_pool_without_hooks_adds_nothing_to_the_answer_to_inspect_stats() -> None:
    hooks = LostChildren(Worker(), MemoryCgroup("/nowhere", is_version_1=False), ErrorLog(), lambda: None)
    assert hooks.stats() == {}
