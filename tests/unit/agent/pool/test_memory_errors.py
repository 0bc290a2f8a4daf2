"""The hook in Celery's requests: only a MemoryError is recorded, before Celery raises it again."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from billiard.einfo import ExceptionWithTraceback
from celery.exceptions import Retry
from celery.worker import request as request_module

from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker.death_log import Casualty, Cause
from celery_probe.agent.worker.deaths.memory_errors import MemoryErrors
from celery_probe.agent.worker.state import Worker


class Request:
    """A request of Celery as far as the hook reads it."""

    def __init__(self, *, acknowledged: bool = False) -> None:
        self.id, self.name, self.acknowledged, self.time_start = "a1", "shop.starve", acknowledged, None
        self.message = SimpleNamespace(delivery_info={"exchange": "", "routing_key": "default"})


class Scene:
    """A worker with the hook, and what is recorded and passed on, in this order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[Any] = []
        monkeypatch.setattr(request_module.Request, "on_failure", self._on_failure)
        self.worker = Worker()
        self.worker.consumer = SimpleNamespace(task_consumer=None)
        self.errors = ErrorLog()
        self.hook = MemoryErrors(self.worker, self.errors, self._record)

    def _on_failure(self, *_: Any, **options: Any) -> str:
        self.calls.append(options)
        return "celery"

    def _record(self, task: Casualty, cause: Cause, _: float) -> None:
        self.calls.append((task.id, task.queue, task.returns, cause.text))

    def install(self, pool: str) -> None:
        kind = type("Pool", (), {"__module__": f"celery.concurrency.{pool}"})
        self.hook.install(kind())

    def fail(self, error: Any, request: Any = None) -> None:
        on_failure: Any = request_module.Request.on_failure
        info = SimpleNamespace(exception=error)
        assert on_failure(request or Request(), info, return_ok=True) == "celery"


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    found = Scene(monkeypatch)
    yield found
    assert found.calls[-1] == {"return_ok": True}


def wrapped(error: Exception) -> Any:
    found = ExceptionWithTraceback(error, None)
    found.exc = error
    return found


@pytest.mark.parametrize("pool", ["prefork", "solo"])
@pytest.mark.parametrize("error", [MemoryError(), wrapped(MemoryError())], ids=["plain", "wrapped"])
@pytest.mark.parametrize("early", [False, True])
def test_a_memory_error_is_recorded_before_celery_ends_the_worker(
    pool: str, error: Any, early: bool, scene: Scene
) -> None:
    scene.install(pool)
    scene.install(pool)
    scene.fail(error, Request(acknowledged=early))
    assert scene.calls == [("a1", "default", not early, "MemoryError"), {"return_ok": True}]
    assert scene.errors.count == 0


@pytest.mark.parametrize("error", [ValueError(), wrapped(ValueError()), Retry(exc=MemoryError()), None])
def test_no_other_failure_is_recorded(error: Any, scene: Scene) -> None:
    scene.install("prefork")
    scene.fail(error)
    assert len(scene.calls) == 1


@pytest.mark.parametrize("pool", ["thread", "gevent", "eventlet"])
def test_in_pools_that_drop_the_error_nothing_is_recorded(pool: str, scene: Scene) -> None:
    scene.install(pool)
    scene.fail(MemoryError())
    assert len(scene.calls) == 1


def test_a_worker_that_stops_has_no_death(scene: Scene) -> None:
    scene.install("prefork")
    scene.worker.ended = True
    scene.fail(MemoryError())
    assert len(scene.calls) == 1


def test_a_request_that_cannot_be_read_fails_as_without_the_hook(scene: Scene) -> None:
    scene.install("prefork")
    scene.fail(MemoryError(), SimpleNamespace())
    assert (len(scene.calls), scene.errors.last) == (1, "memory error: AttributeError")
