"""Requests whose job raises inside a pool that does not report it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery.concurrency import prefork, solo, thread
from celery.worker import state

from celery_probe.agent.worker import failed_jobs, tasks


class Request:
    """What a pool and ``celery.worker.state`` need of a request."""

    request_dict: dict[str, Any]

    def __init__(self, fails_at: str = "", error: BaseException | None = None) -> None:
        self.id = "a1"
        self.name = "sell"
        self.request_dict = {}
        self.fails_at = fails_at
        self.error = error or ConnectionError("the result is lost")
        self.seen: list[int] = []

    def run(self) -> tuple[int, None, float]:
        self.seen.append(len(tasks.active_requests()))
        self._fail("run")
        return 0, None, 1.0

    def on_accepted(self, _pid: int, _time_accepted: float) -> None:
        state.task_accepted(self)
        self._fail("accept")

    def on_success(self, outcome: Any) -> None:
        failed, _, _ = outcome
        assert not failed
        self._fail("callback")
        state.task_ready(self, successful=True)

    def _fail(self, step: str) -> None:
        if self.fails_at == step:
            raise self.error


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    counts = state.all_total_count[0], dict(state.total_count)
    yield
    state.requests.clear()
    state.active_requests.clear()
    state.reserved_requests.clear()
    state.all_total_count[0] = counts[0]
    state.total_count.clear()
    state.total_count.update(counts[1])


def in_a_thread(request: Request) -> None:
    workers = thread.TaskPool(1)
    failed_jobs.end_failed_jobs(workers)
    apply(workers, request)
    workers.stop()


def in_the_loop(request: Request) -> None:
    workers = solo.TaskPool()
    failed_jobs.end_failed_jobs(workers)
    with pytest.raises(BaseException, match=r"the result is lost|unpack"):
        apply(workers, request)


def apply(workers: Any, request: Request) -> None:
    state.task_reserved(request)
    workers.apply_async(
        request.run, args=(), accept_callback=request.on_accepted, callback=request.on_success
    )


@pytest.mark.parametrize("run", [in_a_thread, in_the_loop])
@pytest.mark.parametrize("step", ["accept", "run", "callback"])
def test_a_request_ends_with_its_job_wherever_the_job_raises(
    run: Callable[[Request], None], step: str
) -> None:
    request = Request(fails_at=step)
    run(request)
    assert request.seen == ([] if step == "accept" else [1])
    assert tasks.active_requests() == []
    assert tasks.reserved_count([], []) == 0
    assert state.requests == {}


def test_a_request_whose_task_asks_for_the_end_of_the_process_ends() -> None:
    in_a_thread(Request(fails_at="run", error=SystemExit(1)))
    assert tasks.active_requests() == []


def test_the_end_of_a_request_leaves_a_second_delivery_of_its_message_alone() -> None:
    again = Request()
    state.task_reserved(again)
    first = Request(fails_at="run")
    first.on_accepted(1, 2.0)
    again.on_accepted(1, 3.0)
    failed_jobs._end(first)
    assert tasks.active_requests() == [again]
    assert state.requests == {"a1": again}


def test_jobs_that_are_no_requests_run_as_before() -> None:
    workers = solo.TaskPool()
    failed_jobs.end_failed_jobs(workers)
    results: list[int] = []
    workers.apply_async(lambda number: number + 1, args=(1,), callback=results.append)
    assert results == [2]


def test_a_prefork_pool_is_left_alone() -> None:
    workers = prefork.TaskPool(1)
    before = workers.on_apply
    failed_jobs.end_failed_jobs(workers)
    assert workers.on_apply == before
