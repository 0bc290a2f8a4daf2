"""What one tick brings together, and what is remembered from tick to tick."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from celery_health.broker import BrokerReading, QueueReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.cache import Cache
from celery_operator.kinds import POD, Json
from celery_operator.kube import Kube
from celery_operator.observe import latest, observer
from celery_operator.observe.brokers import KeptReader
from celery_operator.observe.observer import Observer
from celery_operator.observe.sidecars import SidecarError, Sidecars
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.snapshot import ReconcileMemory, Snapshot
from tests.unit.decide.build import broker, spec
from tests.unit.wire.documents import beat_answer, encoded, worker_answer, worker_document

WORKER: Json = worker_answer(report=worker_document(queues=["celery"]), written_age=1.5)
BEAT: Json = beat_answer(tick_age=2.0)


class Reports:
    """The sidecars of the pods, by pod name; one without a body does not answer."""

    def __init__(self) -> None:
        self.bodies: dict[str, Json] = {"shop-default-a": WORKER, "shop-beat": BEAT}

    async def fetch(self, pod: Json) -> bytes:
        try:
            return encoded(self.bodies[pod["metadata"]["name"]])
        except KeyError:
            raise SidecarError("no answer") from None


class Broker:
    """A broker with messages, which also keeps results; the reader of ``hangs_at`` gets no answer."""

    def __init__(self) -> None:
        self.reading = broker(celery=3, others={"forgotten": 1})
        self.asked: list[tuple[str, str | None]] = []
        self.queues_asked_for: set[str] = set()
        self.hangs_at = ""

    def make(self, url: str, naming: RedisNaming, *, management_url: str | None) -> "Reader":
        self.asked.append((url, management_url))
        return Reader(self, url)


@dataclass
class Reader:
    """A connection to it."""

    broker: Broker
    url: str

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        self.broker.queues_asked_for |= set(queues)
        if self.url == self.broker.hangs_at:
            await asyncio.Event().wait()
        return self.broker.reading

    async def close(self) -> None:
        """Nothing is open."""


class Scene:
    """An observer whose surroundings a test changes; ``snapshot_at`` takes one at a given time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.status: dict[str, Any] = {}
        self.reports = Reports()
        self.broker = Broker()
        monkeypatch.setattr(observer, "KeptReader", lambda: KeptReader(self.broker.make))
        cache = Cache()
        cache.put(POD, _pod("shop-default-a", names.COMPONENT_WORKER), watched=True)
        cache.put(POD, _pod("shop-beat", names.COMPONENT_BEAT), watched=True)
        identity = ResourceIdentity("market", "shop", "uid-shop")
        sidecars = Sidecars(self.reports)
        self.observer = Observer(cast("Kube", None), cache, sidecars, identity, clock=lambda: self.now)

    def snapshot_at(self, at: float, of: CeleryDeploymentSpec | None = None) -> Snapshot:
        self.now = at
        return asyncio.run(self.observe(of or spec()))

    async def observe(self, of: CeleryDeploymentSpec) -> Snapshot:
        resource = {"metadata": {"generation": 1}, "status": self.status}
        return await self.observer.observe(resource, of, ReconcileMemory())


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


def _pod(name: str, component: str) -> dict[str, Any]:
    labels = {
        names.LABEL_INSTANCE: "shop",
        names.LABEL_COMPONENT: component,
        names.LABEL_GROUP: "default",
    }
    metadata = {
        "name": name,
        "namespace": "market",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "labels": labels,
    }
    return {"metadata": metadata, "status": {"phase": "Running", "podIP": "127.0.0.1"}}


def test_a_snapshot_has_the_workers_and_beat(scene: Scene) -> None:
    seen = scene.snapshot_at(0.0)
    assert [(pod.name, pod.reading and pod.reading.age) for pod in seen.pods] == [("shop-default-a", 1.5)]
    assert [(beat.pod, beat.tick_age) for beat in seen.beats] == [("shop-beat", 2.0)]


def test_how_long_queues_wait_and_workers_consume_is_remembered(scene: Scene) -> None:
    scene.snapshot_at(10.0)
    seen = scene.snapshot_at(15.0)
    assert seen.nonempty_for == seen.not_shrinking_for == {"celery": 5.0, "forgotten": 5.0}
    assert [pod.reading and pod.reading.consuming_for for pod in seen.pods] == [5.0]


def test_a_broker_that_is_away_for_a_moment_starts_the_wait_anew(scene: Scene) -> None:
    scene.snapshot_at(10.0)
    there, scene.broker.reading = (
        scene.broker.reading,
        replace(
            scene.broker.reading,
            reachable=False,
            reason=BrokerReason.TIMED_OUT,
            queues=(QueueReading("celery", None),),
        ),
    )
    assert not scene.snapshot_at(15.0).nonempty_for
    scene.broker.reading = there
    assert scene.snapshot_at(20.0).nonempty_for == {"celery": 0.0, "forgotten": 0.0}


def test_a_sidecar_that_does_not_answer_leaves_its_pod_without_a_reading(scene: Scene) -> None:
    scene.reports.bodies.clear()
    seen = scene.snapshot_at(0.0)
    assert [pod.reading for pod in seen.pods] == [None]
    assert [beat.reason for beat in seen.beats] == [None]


def test_a_result_backend_that_hangs_delays_no_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, stores = Scene(monkeypatch), spec(resultBackend={"url": "redis://results"})
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 0.01)

    async def two_snapshots() -> tuple[Snapshot, Snapshot]:
        first = await scene.observe(stores)
        scene.broker.hangs_at = "redis://results.market"
        second = await scene.observe(stores)
        await scene.observer.close()
        return first, second

    first, second = asyncio.run(two_snapshots())
    assert second.result_backend == first.result_backend == scene.broker.reading
    assert second.broker.reachable


def test_the_brokers_host_is_that_of_the_resources_own_namespace(scene: Scene) -> None:
    scene.snapshot_at(0.0)
    assert scene.broker.asked == [("redis://redis.market:6379/0", None)]


def test_the_management_api_is_asked_where_the_spec_names_it(scene: Scene) -> None:
    managed = {"url": "amqp://rabbit", "managementUrl": "http://rabbit:15672"}
    scene.snapshot_at(0.0, spec(broker=managed))
    assert scene.broker.asked == [("amqp://rabbit.market", "http://rabbit.market:15672")]


@pytest.mark.parametrize(
    ("status", "dead_letters_are_counted"),
    [
        ({}, False),
        ({"deadLetters": 0}, False),
        ({"quarantine": [{"id": "29a3", "name": "hog", "until": "2026-01-02T03:04:05Z"}]}, True),
        ({"deadLetters": 1}, True),
    ],
)
def test_dead_letters_are_counted_from_the_first_quarantined_task_until_there_are_none(
    scene: Scene, status: dict[str, Any], dead_letters_are_counted: bool
) -> None:
    scene.status = status
    scene.snapshot_at(0.0)
    assert ("shop.dead-letter" in scene.broker.queues_asked_for) is dead_letters_are_counted
