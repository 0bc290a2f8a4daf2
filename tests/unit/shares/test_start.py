"""A new process does not begin with all of its resources at once."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from celery_operator import loops
from celery_operator.cache import Cache, Key
from celery_operator.dependencies import Dependencies
from celery_operator.kinds import CELERY_DEPLOYMENT
from celery_operator.loops import LONGEST_START_SECONDS, STARTED_PER_SECOND, ResourceLoops


@dataclass
class Metrics:
    """Knows no resource."""

    def drop(self, key: Key) -> None:
        """Nothing to forget."""


@dataclass
class Shared:
    """What the loops use here."""

    cache: Cache = field(default_factory=Cache)
    metrics: Metrics = field(default_factory=Metrics)


def resource(number: int) -> dict[str, Any]:
    name = f"shop-{number}"
    return {"metadata": {"namespace": "market", "name": name, "uid": name, "resourceVersion": "1"}}


@pytest.mark.parametrize(("resources", "seconds"), [(1, 0.0), (200, 4.0), (5000, LONGEST_START_SECONDS)])
async def test_the_loops_of_a_new_process_start_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, resources: int, seconds: float
) -> None:
    delays: list[float] = []

    class Loop:
        def __init__(self, _: object, key: Key, uid: str) -> None:
            self.key, self.uid = key, uid

        def run(self, after_seconds: float) -> Coroutine[Any, Any, None]:
            delays.append(after_seconds)
            return asyncio.sleep(0)

    monkeypatch.setattr(loops, "ResourceLoop", Loop)
    shared = Shared()
    for number in range(resources):
        shared.cache.put(CELERY_DEPLOYMENT, resource(number), watched=True)
    all_loops = ResourceLoops(cast("Dependencies", shared))

    all_loops.start_known()
    await all_loops.stop()

    assert (len(delays), delays[0]) == (resources, 0.0)
    assert delays == sorted(delays)
    assert delays[-1] == pytest.approx(seconds, rel=0.01)
    in_the_first_second = sum(delay < 1 for delay in delays)
    assert in_the_first_second <= max(STARTED_PER_SECOND, resources / LONGEST_START_SECONDS + 1)
