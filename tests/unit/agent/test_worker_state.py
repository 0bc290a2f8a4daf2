"""Where a worker stands in its own life."""

from types import SimpleNamespace
from typing import Any

import pytest

from celery_probe.agent.worker.state import Worker, phase

RUN, CLOSE, TERMINATE = 1, 2, 3


def worker(**attributes: Any) -> Worker:
    made = Worker()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def controller(starts: int | None = 0, state: int | None = RUN) -> Any:
    consumer = None if starts is None else SimpleNamespace(restart_count=starts)
    return SimpleNamespace(consumer=consumer, blueprint=SimpleNamespace(state=state))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, "starting"),
        ({"controller": controller(None, None)}, "starting"),
        ({"controller": controller(-1)}, "starting"),
        ({"controller": controller()}, "connecting"),
        ({"controller": controller(3), "connected": False, "drained": True}, "connecting"),
        ({"controller": controller(), "connected": True}, "consuming"),
        ({"controller": controller(), "connected": True, "drained": True}, "draining"),
        ({"controller": controller(0, CLOSE), "connected": True}, "stopping"),
        ({"controller": controller(0, TERMINATE), "connected": True}, "stopping"),
        ({"ended": True}, "stopping"),
    ],
)
def test_the_phase_follows_from_what_the_worker_is_doing(attributes: dict[str, Any], expected: str) -> None:
    assert phase(worker(**attributes), None) == expected


@pytest.mark.parametrize("flag", ["should_stop", "should_terminate"])
@pytest.mark.parametrize(
    ("value", "expected"), [(0, "stopping"), (70, "stopping"), (None, "consuming"), (False, "consuming")]
)
def test_a_request_to_stop_is_any_exit_status_even_0(flag: str, value: int | None, expected: str) -> None:
    state = SimpleNamespace(should_stop=None, should_terminate=None)
    setattr(state, flag, value)
    assert phase(worker(controller=controller(), connected=True), state) == expected
