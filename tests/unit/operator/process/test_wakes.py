"""What an event of a watch wakes. The loops are the test's."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from celery_operator import loops
from celery_operator.api import names
from celery_operator.cache import Cache, Key
from celery_operator.dependencies import Dependencies
from celery_operator.kinds import CELERY_DEPLOYMENT, POD, Json, Kind
from celery_operator.loops import ResourceLoops


class Loop:
    """Notes what wakes it."""

    woken: list[tuple[str, bool]]

    def __init__(self, _: object, key: Key, uid: str) -> None:
        self.key, self.uid = key, uid

    async def run(self, _: float) -> None:
        await asyncio.Event().wait()

    def wake(self, kind: Kind, *, is_new: bool) -> None:
        self.woken.append((kind.kind, is_new))


def body(name: str, uid: str, version: int, **labels: str) -> Json:
    metadata: dict[str, Any] = {"namespace": "market", "name": name, "uid": uid, "labels": labels}
    return {"metadata": {**metadata, "resourceVersion": str(version)}}


async def test_a_new_pod_is_reported_as_new_and_a_changed_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "ResourceLoop", Loop)
    monkeypatch.setattr(Loop, "woken", [], raising=False)
    metrics = SimpleNamespace(drop=lambda _: None)
    watched = ResourceLoops(cast("Dependencies", SimpleNamespace(cache=Cache(), metrics=metrics)))
    ours = {names.LABEL_INSTANCE: "shop"}

    watched.seen(CELERY_DEPLOYMENT, body("shop", "a", 1))
    watched.seen(POD, body("shop-0", "b", 2, **ours))
    watched.seen(POD, body("shop-0", "b", 3, **ours))
    # A StatefulSet gives a new pod the name of the one before.
    watched.seen(POD, body("shop-0", "c", 4, **ours))
    await watched.stop()

    assert Loop.woken == [("CeleryDeployment", True), ("Pod", True), ("Pod", False), ("Pod", True)]
