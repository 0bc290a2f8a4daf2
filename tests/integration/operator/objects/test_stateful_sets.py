"""Beat and the managed Redis are StatefulSets of one."""

import base64
from typing import Any

import pytest
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from celery_operator.kinds import (
    CELERY_DEPLOYMENT,
    DEPLOYMENT,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    VOLUME_CLAIM,
)
from tests.integration.api.apiserver import Object
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.world import World

PARTS = ("shop-beat", "shop-redis")
SECONDS = 15 + BUSY_SECONDS
NOTICED_SECONDS = 60 + BUSY_SECONDS
"""What no event reports is noticed within a minute."""
WITH_BOTH: dict[str, Any] = {"broker": {"managed": {}}, "beat": {"enabled": True}}


@pytest.fixture
def shop(operator: OperatorProcess, world: World) -> World:
    """A shop with a managed Redis and a beat."""
    world.create_shop(**WITH_BOTH)
    for name in PARTS:
        wait_for(lambda name=name: world.there(STATEFUL_SET, name), describe=name)  # type: ignore[misc]
    return world


def claim(world: World) -> Object:
    return wait_for(lambda: world.there(VOLUME_CLAIM, "shop-redis"), describe="the claim")


def secret_of(world: World, key: str) -> str:
    found = world.there(SECRET, "shop-redis")
    return base64.b64decode(found["data"][key]).decode() if found else ""


def managed(world: World, **fields: Any) -> None:
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"broker": {"managed": fields}}})


def test_the_volume_of_redis_outlives_its_resource_and_a_new_one_continues_with_it(shop: World) -> None:
    before = claim(shop)["metadata"]["uid"]

    shop.delete(CELERY_DEPLOYMENT, "shop")
    wait_for(lambda: not shop.get(STATEFUL_SET, "shop-redis"), timeout=60, describe="the end of Redis")
    wait_for(lambda: not shop.get(SECRET, "shop-redis"), timeout=60, describe="the end of its Secret")
    assert claim(shop)["metadata"]["uid"] == before

    shop.create_shop(**WITH_BOTH)
    wait_for(lambda: shop.there(STATEFUL_SET, "shop-redis"), describe="the new Redis")
    wait_for(lambda: shop.condition("Stalled").get("status") == "False", describe="no fault")
    assert claim(shop)["metadata"]["uid"] == before


def test_a_volume_goes_with_its_resource_where_the_user_says_so(shop: World) -> None:
    before = claim(shop)
    assert not before["metadata"].get("ownerReferences")

    managed(shop, storage={"whenDeleted": "Delete"})
    wait_for(lambda: claim(shop)["metadata"].get("ownerReferences"), SECONDS, "an owner")
    managed(shop, storage={"whenDeleted": "Retain"})
    wait_for(lambda: not claim(shop)["metadata"].get("ownerReferences"), SECONDS, "no owner")
    assert claim(shop)["metadata"]["uid"] == before["metadata"]["uid"]


def test_a_change_of_memory_keeps_the_volume_and_the_password(shop: World) -> None:
    password, volume = secret_of(shop, "password"), claim(shop)["metadata"]["uid"]

    def command() -> list[str]:
        found = shop.there(STATEFUL_SET, "shop-redis")
        return list(found["spec"]["template"]["spec"]["containers"][0]["command"]) if found else []

    managed(shop, memory="512mb")
    wait_for(lambda: "512mb" in command(), describe="the new memory")
    assert (secret_of(shop, "password"), claim(shop)["metadata"]["uid"]) == (password, volume)
    assert password in secret_of(shop, "url")


def test_a_deleted_secret_comes_back_with_the_same_password(shop: World) -> None:
    before = secret_of(shop, "password")
    assert before
    shop.delete(SECRET, "shop-redis")
    wait_for(lambda: secret_of(shop, "password") == before, NOTICED_SECONDS, "the Secret's return")


def test_a_password_of_the_user_is_waited_for_and_then_used(operator: OperatorProcess, world: World) -> None:
    source = {"secretKeyRef": {"name": "mine", "key": "redis"}}
    world.create_shop(broker={"managed": {"passwordFrom": source}})
    missing = wait_for(
        lambda: "mine" in (found := world.condition("Reconciling").get("message", "")) and found,
        describe="what is missing",
    )
    assert "create it with the password" in missing
    assert world.get(STATEFUL_SET, "shop-redis") is None

    world.create_secret("mine", redis="p@ss")
    wait_for(lambda: world.there(STATEFUL_SET, "shop-redis"), describe="the managed Redis")
    assert secret_of(world, "url") == "redis://:p%40ss@shop-redis:6379/0"
    world.change(SECRET, "mine", {"data": {"redis": base64.b64encode(b"other").decode()}})
    wait_for(lambda: secret_of(world, "password") == "other", describe="the new password")


def test_an_evicting_policy_is_accepted_with_a_warning_in_the_status(shop: World) -> None:
    def warnings() -> list[str]:
        status = (shop.get(CELERY_DEPLOYMENT, "shop") or {}).get("status", {})
        return [
            one["message"] for one in status.get("recommendations", []) if "can be lost" in one["message"]
        ]

    managed(shop, maxmemoryPolicy="allkeys-lru")
    (warning,) = wait_for(warnings, describe="the warning")
    assert "allkeys-lru" in warning
    managed(shop, maxmemoryPolicy="noeviction")
    wait_for(lambda: not warnings(), describe="no warning")


def test_a_second_beat_that_a_person_starts_is_removed(shop: World) -> None:
    shop.change(STATEFUL_SET, "shop-beat", {"spec": {"replicas": 2}})

    def replicas() -> int:
        found = shop.there(STATEFUL_SET, "shop-beat")
        return int(found["spec"]["replicas"]) if found else 0

    wait_for(lambda: replicas() == 1, describe="one beat")


def test_flower_comes_with_a_password_that_it_keeps(operator: OperatorProcess, world: World) -> None:
    world.create_shop(flower={"enabled": True})
    world.until_owned_objects("shop-default", "shop-flower")
    assert world.there(SERVICE, "shop-flower")
    data = (world.there(SECRET, "shop-flower") or {})["data"]
    password = base64.b64decode(data["password"]).decode()
    assert base64.b64decode(data["basic-auth"]).decode() == f"admin:{password}"

    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"flower": {"enabled": False}}})
    wait_for(lambda: not world.get(DEPLOYMENT, "shop-flower"), describe="the end of Flower")
    assert (world.there(SECRET, "shop-flower") or {})["data"] == data
