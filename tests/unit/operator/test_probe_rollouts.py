"""A new probe image reaches a few resources at a time, and none that pins or keeps its own."""

from typing import Any

import pytest

from celery_operator.act.probe_rollouts import KEEP, TURN_SECONDS, ProbeRollouts
from celery_operator.api import names
from celery_operator.cache import Cache, Key
from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, STATEFUL_SET, Kind
from celery_probe.pod import SIDECAR_CONTAINER

OLD, NEW = "probe:1", "probe:2"
ROLLED_OUT = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
ROLLING = {**ROLLED_OUT, "replicas": 3, "updatedReplicas": 1}
STOPPED = {**ROLLING, "conditions": [{"type": "Progressing", "status": "False"}]}


class Cluster:
    """Resources a, b and c with one Deployment each, and an operator with the new image."""

    def __init__(self, limit: int = 1, image: str = OLD, status: dict[str, Any] = ROLLED_OUT) -> None:
        self.cache = Cache()
        self.version = 0
        self.numbers = (0, 0)
        for name in "abc":
            metadata = {"name": name, "namespace": "ns", "uid": f"uid-{name}", "resourceVersion": "1"}
            self.cache.put(CELERY_DEPLOYMENT, {"metadata": metadata, "spec": {}}, watched=True)
            self.deploy(name, image, status)
        self.now = 0.0
        self.rollouts = ProbeRollouts(self.cache, NEW, limit, changed=self._changed, clock=lambda: self.now)

    def _changed(self, running: int, waiting: int) -> None:
        self.numbers = (running, waiting)

    def deploy(
        self, name: str, image: str, status: dict[str, Any], *, owner: str = "", kind: Kind = DEPLOYMENT
    ) -> None:
        self.version += 1
        metadata = {
            "name": f"{name}-default",
            "namespace": "ns",
            "uid": f"uid-{name}-default",
            "resourceVersion": str(self.version),
            "generation": 1,
            "labels": {names.LABEL_INSTANCE: name},
            "ownerReferences": [{"kind": names.KIND, "uid": owner or f"uid-{name}", "controller": True}],
        }
        containers = [{"name": SIDECAR_CONTAINER, "image": image}]
        spec = {"replicas": 2, "template": {"spec": {"initContainers": containers}}}
        self.cache.put(kind, {"metadata": metadata, "spec": spec, "status": status}, watched=True)

    def image(self, name: str, chosen: str = "") -> str:
        """As one object reconcile asks for it, and applies it."""
        return self.rollouts.image(Key("ns", name), f"uid-{name}", chosen)


def test_resources_get_the_new_image_one_after_the_other() -> None:
    cluster = Cluster()
    assert [cluster.image(name) for name in "abca"] == [NEW, OLD, OLD, NEW]
    assert cluster.numbers == (1, 2)
    assert cluster.rollouts.is_waiting(Key("ns", "b"))

    cluster.deploy("a", NEW, ROLLING)
    assert [cluster.image(name) for name in "abc"] == [NEW, OLD, OLD]

    cluster.deploy("a", NEW, ROLLED_OUT)
    assert [cluster.image(name) for name in "abc"] == [NEW, NEW, OLD]
    assert not cluster.rollouts.is_waiting(Key("ns", "b"))
    assert cluster.numbers == (1, 1)


def test_without_a_limit_all_get_it_at_once() -> None:
    cluster = Cluster(limit=0)
    assert [cluster.image(name) for name in "abc"] == [NEW, NEW, NEW]


def test_a_rollout_that_came_to_a_stop_holds_up_no_other() -> None:
    cluster = Cluster()
    cluster.image("a")
    cluster.deploy("a", NEW, STOPPED)
    assert [cluster.image(name) for name in "ab"] == [NEW, NEW]


def test_a_rollout_that_cannot_begin_holds_up_the_others_no_longer_than_its_turn() -> None:
    cluster = Cluster()
    assert [cluster.image(name) for name in "ab"] == [NEW, OLD]
    cluster.now = TURN_SECONDS
    assert [cluster.image(name) for name in "ab"] == [NEW, OLD]
    cluster.now += 1
    assert [cluster.image(name) for name in "bca"] == [NEW, OLD, NEW]
    assert cluster.numbers == (1, 1)

    cluster.deploy("b", NEW, ROLLED_OUT)
    assert [cluster.image(name) for name in "bac"] == [NEW, NEW, NEW]


def test_a_rollout_that_takes_longer_than_its_turn_keeps_it() -> None:
    cluster = Cluster()
    cluster.image("a")
    cluster.deploy("a", NEW, ROLLING)
    cluster.now = TURN_SECONDS + 1
    assert [cluster.image(name) for name in "ab"] == [NEW, OLD]


def test_a_beat_gets_its_turn_with_the_workers_and_never_holds_up_another_resource() -> None:
    cluster = Cluster()
    for name in "ab":
        cluster.deploy(name, OLD, ROLLED_OUT, kind=STATEFUL_SET)
    assert [cluster.image(name) for name in "ab"] == [NEW, OLD]

    cluster.deploy("a", NEW, ROLLED_OUT)
    cluster.deploy("a", NEW, {**ROLLED_OUT, "availableReplicas": 0}, kind=STATEFUL_SET)
    cluster.deploy("b", NEW, ROLLED_OUT)
    assert [cluster.image(name) for name in "ab"] == [NEW, NEW]


def test_a_resource_that_is_gone_holds_up_no_other() -> None:
    cluster = Cluster()
    cluster.image("a")
    assert cluster.image("b") == OLD
    cluster.rollouts.forget(Key("ns", "a"))
    assert cluster.image("b") == NEW


def test_rollouts_that_an_earlier_leader_began_count() -> None:
    cluster = Cluster()
    cluster.deploy("c", NEW, ROLLING)
    assert [cluster.image(name) for name in "abc"] == [OLD, OLD, NEW]


def test_a_rollout_of_the_application_does_not_wait() -> None:
    cluster = Cluster(image=NEW)
    cluster.deploy("a", NEW, ROLLING)
    cluster.deploy("b", NEW, ROLLING)
    assert [cluster.image(name) for name in "ab"] == [NEW, NEW]


def test_a_new_resource_gets_the_new_image_at_once() -> None:
    cluster = Cluster()
    cluster.image("a")
    assert cluster.rollouts.image(Key("ns", "d"), "uid-d", "") == NEW
    assert cluster.rollouts.image(Key("ns", "d"), "uid-d", KEEP) == NEW


def test_a_deployment_of_others_says_nothing_about_the_resource() -> None:
    cluster = Cluster(limit=0)
    cluster.deploy("a", "theirs:1", ROLLED_OUT, owner="uid-x")
    assert cluster.image("a", KEEP) == NEW


@pytest.mark.parametrize(("chosen", "image"), [(KEEP, OLD), ("probe:1.5", "probe:1.5")])
def test_a_resource_can_keep_its_image_or_pin_one_and_takes_no_turn(chosen: str, image: str) -> None:
    cluster = Cluster()
    assert cluster.image("a", chosen) == image
    assert cluster.image("b") == NEW
    assert cluster.image("a", chosen) == image
    assert cluster.numbers == (1, 0)
