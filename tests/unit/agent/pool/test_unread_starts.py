"""A child that began a job and died: the pool reads that it began before Celery gives the job away again."""

from types import SimpleNamespace
from typing import Any

import pytest
from billiard.pool import ApplyResult

from tests.unit.agent.pool.test_lost_children import Request, World, child


def given(world: World, *, lives: bool, accepted: bool) -> Any:
    job = ApplyResult(world.billiard._cache, None, error_callback=Request().on_failure)
    job._write_to = SimpleNamespace(pid=8, _is_alive=lambda: lives)
    job._accepted = accepted
    return job


@pytest.mark.parametrize(
    ("lives", "accepted", "calls"),
    [
        (False, False, ["flush 8", "down 8"]),
        (True, False, ["down 8"]),
        (False, True, ["down 8"]),
    ],
)
def test_only_what_an_ended_child_may_have_said_is_read(
    lives: bool, accepted: bool, calls: list[str]
) -> None:
    world = World(child(8, -9), child(9))
    world.billiard.on_job_process_down(given(world, lives=lives, accepted=accepted), 8)
    assert world.billiard.calls == calls
    assert world.errors.count == 0


def test_a_job_that_no_child_was_given_is_left_alone() -> None:
    world = World(child(8, -9), child(9))
    world.billiard.on_job_process_down(ApplyResult(world.billiard._cache, None), 8)
    assert world.billiard.calls == ["down 8"]
    assert world.errors.count == 0
