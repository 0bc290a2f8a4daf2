"""Whose pods are whose: by the uids of their owners, whatever their labels say."""

from typing import Any, cast

import pytest

from celery_operator.api import names
from celery_operator.cache import Cache
from celery_operator.kinds import DEPLOYMENT, POD, Json
from celery_operator.kube import Kube
from celery_operator.observe.owned_pods import ASK_AGAIN_SECONDS, ASKED_AT_ONCE, OwnedPods
from celery_operator.resources.ownership import ResourceIdentity

SHOP = ResourceIdentity("market", "shop", "uid-shop")


def made(name: str, owner_kind: str | None, owner_uid: str = "", *, is_controller: bool = True) -> Json:
    """An object with our labels."""
    metadata: Json = {
        "name": name,
        "namespace": "market",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "labels": {names.LABEL_INSTANCE: "shop", names.LABEL_MANAGED_BY: names.MANAGED_BY},
    }
    if owner_kind:
        owner = {"kind": owner_kind, "name": owner_uid.removeprefix("uid-"), "uid": owner_uid}
        metadata["ownerReferences"] = [{**owner, "controller": is_controller}]
    return {"metadata": metadata, "spec": {}}


class ReplicaSets:
    """The ReplicaSets of the namespace, and which of them were read."""

    def __init__(self, *there: Json) -> None:
        self.there = {one["metadata"]["name"]: one for one in there}
        self.read: list[str] = []

    async def get(self, kind: Any, namespace: str, name: str) -> Json | None:
        assert (kind.plural, namespace) == ("replicasets", "market")
        self.read.append(name)
        return self.there.get(name)


class World:
    """A shop with one Deployment."""

    def __init__(self, *replica_sets: Json) -> None:
        self.now = 0.0
        self.cache = Cache()
        self.kube = ReplicaSets(*replica_sets)
        self.cache.put(DEPLOYMENT, made("shop-default", names.KIND, "uid-shop"), watched=True)
        self.pods = OwnedPods(cast("Kube", self.kube), self.cache, SHOP, clock=lambda: self.now)

    def add(self, *pods: Json) -> None:
        for one in pods:
            self.cache.put(POD, {**one, "status": {}}, watched=True)

    async def found(self) -> list[str]:
        return [pod["metadata"]["name"] for pod in await self.pods.refresh()]


async def test_the_pods_of_an_owned_deployment_are_found_and_each_replica_set_is_read_once() -> None:
    world = World(made("rs", "Deployment", "uid-shop-default"))
    world.add(made("a", "ReplicaSet", "uid-rs"), made("b", "ReplicaSet", "uid-rs"))

    assert world.pods.now() == []
    assert await world.found() == ["a", "b"]
    assert await world.found() == ["a", "b"]
    assert world.kube.read == ["rs"]


async def test_the_pod_of_an_owned_stateful_set_needs_no_request() -> None:
    world = World()
    world.add(made("a", "StatefulSet", "uid-shop-default"))

    assert await world.found() == ["a"]
    assert world.kube.read == []


@pytest.mark.parametrize(
    ("pod", "replica_sets"),
    [
        (made("a", None), []),
        (made("a", "ReplicaSet", "uid-rs"), []),
        (made("a", "ReplicaSet", "uid-rs"), [made("rs", "Deployment", "uid-other")]),
        (made("a", "ReplicaSet", "uid-rs"), [made("rs", None)]),
        (
            made("a", "ReplicaSet", "uid-rs", is_controller=False),
            [made("rs", "Deployment", "uid-shop-default")],
        ),
        (made("a", "StatefulSet", "uid-shop-other"), []),
    ],
    ids=[
        "no-owner",
        "no-such-replica-set",
        "another-deployment",
        "a-replica-set-without-owner",
        "an-owner-that-is-no-controller",
        "another-stateful-set",
    ],
)
async def test_a_pod_with_our_labels_alone_is_left_out(pod: Json, replica_sets: list[Json]) -> None:
    world = World(*replica_sets)
    world.add(pod)

    assert await world.found() == []


async def test_a_replica_set_of_this_name_with_another_uid_proves_nothing() -> None:
    replica_set = made("rs", "Deployment", "uid-shop-default")
    replica_set["metadata"]["uid"] = "another"
    world = World(replica_set)
    world.add(made("a", "ReplicaSet", "uid-rs"))

    assert await world.found() == []


async def test_a_deployment_of_another_owner_has_no_pods_of_ours() -> None:
    world = World(made("rs", "Deployment", "uid-shop-mail"))
    world.cache.put(DEPLOYMENT, made("shop-mail", names.KIND, "uid-of-an-earlier-shop"), watched=True)
    world.add(made("a", "ReplicaSet", "uid-rs"))

    assert await world.found() == []


async def test_pods_stay_ours_while_their_deployment_is_made_again() -> None:
    world = World(made("rs", "Deployment", "uid-shop-default"))
    world.add(made("a", "ReplicaSet", "uid-rs"))
    assert await world.found() == ["a"]

    world.cache.remove(DEPLOYMENT, made("shop-default", names.KIND, "uid-shop"))

    assert await world.found() == ["a"]


async def test_a_foreign_replica_set_is_read_again_after_a_while_because_it_may_have_been_adopted() -> None:
    world = World(made("rs", None))
    world.add(made("a", "ReplicaSet", "uid-rs"))
    assert await world.found() == []
    world.kube.there["rs"] = made("rs", "Deployment", "uid-shop-default")

    world.now = ASK_AGAIN_SECONDS - 1
    assert await world.found() == []
    world.now = ASK_AGAIN_SECONDS
    assert await world.found() == ["a"]


@pytest.mark.parametrize("name", [".", "..", "rs/status", "rs/../../pods", "RS", ""])
async def test_no_request_is_made_for_a_name_that_no_replica_set_has(name: str) -> None:
    world = World(made("rs", "Deployment", "uid-shop-default"))
    world.add(made("a", "ReplicaSet", f"uid-{name}"), made("b", "ReplicaSet", "uid-rs"))

    assert await world.found() == ["b"]
    assert world.kube.read == ["rs"]


async def test_pods_that_name_many_replica_sets_cost_a_bounded_number_of_requests() -> None:
    world = World()
    world.add(*(made(f"a{number}", "ReplicaSet", f"uid-rs{number}") for number in range(200)))

    await world.found()

    assert len(world.kube.read) == ASKED_AT_ONCE
