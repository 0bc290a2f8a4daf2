"""What one tick brings together, and what is remembered from tick to tick."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from celery_health.broker import BrokerReading, QueueReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.cache import Cache
from celery_operator.kinds import DEPLOYMENT, POD, Json, Kind
from celery_operator.kube import Kube
from celery_operator.observe import latest
from celery_operator.observe.brokers.shared_readers import SharedReaders
from celery_operator.observe.configuration import ConfigurationReader
from celery_operator.observe.observer import Observer
from celery_operator.observe.owned_pods import OwnedPods
from celery_operator.observe.sidecars import SidecarError, Sidecars
from celery_operator.observe.sources import Sources
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

    async def fetch(self, pod: Json, token: str) -> bytes:
        try:
            return encoded(self.bodies[pod["metadata"]["name"]])
        except KeyError:
            raise SidecarError("no answer") from None


class Broker:
    """A broker with messages, which also keeps results; the reader of ``hangs_at`` gets no answer."""

    def __init__(self) -> None:
        self.reading = broker(celery=3, others={"forgotten": 1})
        self.asked: list[tuple[str, str | None]] = []
        self.masters: list[str | None] = []
        self.queues_asked_for: set[str] = set()
        self.hangs_at = ""

    def make(
        self, url: str, naming: RedisNaming, *, management_url: str | None, master_name: str | None
    ) -> "Reader":
        self.asked.append((url, management_url))
        self.masters.append(master_name)
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

    def __init__(self) -> None:
        self.now = 0.0
        self.wall = datetime(2026, 1, 2, 4, tzinfo=UTC)
        self.status: dict[str, Any] = {}
        self.reports = Reports()
        self.broker = Broker()
        cache = Cache()
        cache.put(DEPLOYMENT, _deployment(), watched=True)
        cache.put(POD, _pod("shop-default-a", names.COMPONENT_WORKER), watched=True)
        cache.put(POD, _pod("shop-beat", names.COMPONENT_BEAT), watched=True)
        cache.put(POD, _pod("shop-default-x", names.COMPONENT_WORKER, owner="other"), watched=True)
        identity = ResourceIdentity("market", "shop", "uid-shop")
        pods = OwnedPods(cast("Kube", None), cache, identity)
        sidecars = Sidecars(self.reports)
        brokers, backends = (SharedReaders(self.broker.make, self.time) for _ in range(2))
        sources = Sources(sidecars, brokers, backends)
        self.redis_password = ""
        self.observer = Observer(
            cache,
            pods,
            ConfigurationReader(_not_read, changed=_not_called),
            sources,
            identity,
            probe_token=self.known_token,
            redis_password=self.known_password,
            server_time=lambda: self.wall,
            clock=self.time,
        )

    def time(self) -> float:
        return self.now

    async def known_token(self) -> str:
        return "s3cret"

    async def known_password(self) -> str:
        return self.redis_password

    def snapshot_at(self, at: float, of: CeleryDeploymentSpec | None = None) -> Snapshot:
        self.now = at
        return asyncio.run(self.observe(of or spec()))

    async def observe(self, of: CeleryDeploymentSpec) -> Snapshot:
        resource = {"metadata": {"generation": 1}, "status": self.status}
        return await self.observer.observe(resource, of, ReconcileMemory())


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def _not_read(kind: Kind, name: str) -> None:
    raise AssertionError(f"{kind.kind} {name} is read")


def _not_called() -> None:
    raise AssertionError("nothing is read")


def _deployment() -> dict[str, Any]:
    metadata = {
        "name": "shop-default",
        "namespace": "market",
        "uid": "uid-shop-default",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "generation": 1,
        "labels": {names.LABEL_INSTANCE: "shop"},
        "ownerReferences": [{"kind": names.KIND, "uid": "uid-shop", "controller": True}],
    }
    return {"metadata": metadata, "spec": {}}


def _pod(name: str, component: str, owner: str = "uid-shop-default") -> dict[str, Any]:
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
        "ownerReferences": [{"kind": "StatefulSet", "name": "owner", "uid": owner, "controller": True}],
    }
    return {"metadata": metadata, "status": {"phase": "Running", "podIP": "127.0.0.1"}}


def test_a_snapshot_has_the_workers_and_beat(scene: Scene) -> None:
    seen = scene.snapshot_at(0.0)
    assert [(pod.name, pod.reading and pod.reading.age) for pod in seen.pods] == [("shop-default-a", 1.5)]
    assert [(beat.pod, beat.tick_age) for beat in seen.beats] == [("shop-beat", 2.0)]


def test_a_snapshot_has_the_time_of_the_api_server(scene: Scene) -> None:
    assert scene.snapshot_at(0.0).now == scene.wall


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
    scene, stores = Scene(), spec(resultBackend={"url": "redis://results"})
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


def test_the_managed_redis_is_read_with_its_password_once_that_is_known(scene: Scene) -> None:
    managed = spec(broker={"managed": {}}, resultBackend={"managed": {}})
    before = scene.snapshot_at(0.0, managed)
    assert (before.broker.reachable, scene.broker.asked) == (None, [])
    assert before.result_backend
    assert before.result_backend.reachable is None

    scene.redis_password = "p/w"
    assert scene.snapshot_at(5.0, managed).broker.reachable
    server = "redis://:p%2Fw@shop-redis.market.svc:6379"
    assert sorted(scene.broker.asked) == [(f"{server}/0", None), (f"{server}/1", None)]


def test_the_management_api_is_asked_where_the_spec_names_it(scene: Scene) -> None:
    managed = {"url": "amqp://rabbit", "managementUrl": "http://rabbit:15672"}
    scene.snapshot_at(0.0, spec(broker=managed))
    assert scene.broker.asked == [("amqp://rabbit.market", "http://rabbit.market:15672")]


def test_sentinels_are_asked_for_the_master_that_the_spec_names(scene: Scene) -> None:
    sentinels = {"url": "sentinel://a:26379/0", "masterName": "mymaster"}
    scene.snapshot_at(0.0, spec(broker=sentinels))
    assert scene.broker.masters == ["mymaster"]


def test_queues_that_are_unread_by_design_are_left_out_but_never_those_of_workers(scene: Scene) -> None:
    snapshot = scene.snapshot_at(0.0, spec(health={"ignoreQueues": ["forg*", "celery"]}))
    assert snapshot.broker.other_queues == ()
    assert [queue.name for queue in snapshot.broker.queues] == ["celery"]


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
