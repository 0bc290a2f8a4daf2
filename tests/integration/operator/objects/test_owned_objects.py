"""Owned objects are created, kept and taken away, and left alone where nothing is amiss."""

from collections.abc import Callable

import pytest
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from celery_operator.kinds import (
    CELERY_DEPLOYMENT,
    DEPLOYMENT,
    POD,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT_KIND,
    STATEFUL_SET,
)
from tests.integration.operator.operator_process import OperatorProcess, metric
from tests.integration.operator.world import World, group, within

REPAIR_SECONDS = 2 + BUSY_SECONDS
"""Far less than the pause of a reconcile that no event wakes."""


def image_of(world: World, name: str) -> str:
    """The image of a Deployment's worker; empty where there is none."""
    found = world.there(DEPLOYMENT, name)
    containers = found["spec"]["template"]["spec"]["containers"] if found else []
    return next((one["image"] for one in containers if one["name"] == "worker"), "")


def token_of(world: World) -> str:
    secret = world.there(SECRET, "shop-probe")
    return str((secret or {}).get("data", {}).get("token", ""))


def message_with(world: World, words: str) -> str:
    """The message of a condition with these words in it; empty while there is none."""
    status = (world.get(CELERY_DEPLOYMENT, "shop") or {}).get("status", {})
    return next((one["message"] for one in status.get("conditions", []) if words in one["message"]), "")


def reconciles(operator: OperatorProcess, world: World, reconcile: str) -> float:
    """How often a reconcile of the shop has ended."""
    labels = {"namespace": world.namespace, "resource": "shop", "reconcile": reconcile}
    return metric(operator.get("/metrics")[1], "celery_operator_reconciles_total", labels) or 0


@pytest.fixture
def shop(operator: OperatorProcess, world: World) -> World:
    """A shop whose owned objects exist."""
    world.create_shop()
    world.until_owned_objects("shop-default", "shop-mail")
    return world


def test_a_new_resource_gets_its_owned_objects_with_itself_as_their_owner(shop: World) -> None:
    uid = shop.get(CELERY_DEPLOYMENT, "shop")["metadata"]["uid"]  # type: ignore[index]
    owned_objects = [
        shop.get(DEPLOYMENT, "shop-default"),
        shop.get(DEPLOYMENT, "shop-mail"),
        shop.get(SECRET, "shop-probe"),
        shop.get(SERVICE_ACCOUNT_KIND, "shop-celery"),
    ]

    assert [
        [owner["uid"] for owner in one["metadata"]["ownerReferences"]] for one in owned_objects if one
    ] == [[uid]] * 4
    assert shop.condition("Ready")["status"] == "False"


def edit_image(world: World) -> None:
    containers = world.get(DEPLOYMENT, "shop-default")["spec"]["template"]["spec"]["containers"]  # type: ignore[index]
    changed = [{**one, "image": "other:9"} for one in containers]
    world.change(DEPLOYMENT, "shop-default", {"spec": {"template": {"spec": {"containers": changed}}}})


def remove_labels(world: World) -> None:
    world.change(DEPLOYMENT, "shop-default", {"metadata": {"labels": None}})


def delete_deployment(world: World) -> None:
    world.delete(DEPLOYMENT, "shop-default")


DRIFT: dict[str, tuple[Callable[[World], None], Callable[[World], bool]]] = {
    "an-edited-deployment": (edit_image, lambda world: image_of(world, "shop-default") == "shop:1"),
    "a-deleted-deployment": (delete_deployment, lambda world: image_of(world, "shop-default") == "shop:1"),
    "a-deployment-without-labels": (
        remove_labels,
        lambda world: len(world.get(DEPLOYMENT, "shop-default")["metadata"].get("labels", {})) == 5,  # type: ignore[index]
    ),
    "a-deleted-service-account": (
        lambda world: world.delete(SERVICE_ACCOUNT_KIND, "shop-celery"),
        lambda world: world.there(SERVICE_ACCOUNT_KIND, "shop-celery") is not None,
    ),
}


@pytest.mark.parametrize("drift", DRIFT)
def test_a_changed_object_is_repaired_at_once(shop: World, drift: str) -> None:
    spoil, is_repaired = DRIFT[drift]

    with within(REPAIR_SECONDS, lambda: is_repaired(shop), f"the repair of {drift}"):
        spoil(shop)


@pytest.mark.parametrize("way", ["deleted", "emptied"])
def test_a_probe_secret_that_is_gone_is_back_for_the_next_pod_with_the_same_token(
    shop: World, way: str
) -> None:
    before = token_of(shop)
    (pod,) = wait_for(lambda: shop.pods_of("shop-default"), describe="a pod")

    with within(REPAIR_SECONDS, lambda: token_of(shop) == before, "the Secret's return"):
        if way == "deleted":
            shop.delete(SECRET, "shop-probe")
        else:
            shop.change(SECRET, "shop-probe", {"data": {"token": None}})
        shop.delete(POD, pod["metadata"]["name"])


def test_an_unchanged_world_is_not_written_to(operator: OperatorProcess, world: World) -> None:
    world.create_shop(suspend=True)
    world.until_owned_objects("shop-default", "shop-mail")

    def controllers_are_done() -> bool:
        """Kubernetes' own controllers write to a new world, too, and start after the API server."""
        seen = [one.get("status", {}).get("observedGeneration") for one in world.all(DEPLOYMENT)]
        return None not in seen and bool(world.there(SERVICE_ACCOUNT_KIND, "default"))

    wait_for(controllers_are_done, timeout=60, describe="the controllers of Kubernetes")

    def versions() -> dict[str, str]:
        kinds = (CELERY_DEPLOYMENT, DEPLOYMENT, SECRET, SERVICE_ACCOUNT_KIND)
        return {
            f"{kind.kind}/{one['metadata']['name']}": one["metadata"]["resourceVersion"]
            for kind in kinds
            for one in world.all(kind)
        }

    def ticks_later(count: int) -> dict[str, str]:
        wanted = reconciles(operator, world, "health") + count
        wait_for(lambda: reconciles(operator, world, "health") >= wanted, timeout=60, describe=operator.words)
        return versions()

    settled = ticks_later(2)

    assert ticks_later(3) == settled


def test_a_group_taken_from_the_spec_is_deleted_and_the_other_stays(shop: World) -> None:
    before = shop.get(DEPLOYMENT, "shop-default")

    shop.change(CELERY_DEPLOYMENT, "shop", {"spec": {"workers": [group("default")]}})
    wait_for(lambda: shop.get(DEPLOYMENT, "shop-mail") is None, describe="shop-mail is deleted")
    after = shop.get(DEPLOYMENT, "shop-default")

    assert before
    assert after
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def test_a_managed_redis_goes_when_another_broker_is_named(operator: OperatorProcess, world: World) -> None:
    world.create_shop(broker={"managed": {}})
    wait_for(lambda: world.there(STATEFUL_SET, "shop-redis"), describe="the managed Redis")

    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"broker": {"managed": None, "url": "redis://h:1/0"}}})

    for kind in (SERVICE, STATEFUL_SET):
        wait_for(lambda kind=kind: world.get(kind, "shop-redis") is None, describe="its end")  # type: ignore[misc]


def test_an_object_of_the_same_name_is_never_overwritten(operator: OperatorProcess, world: World) -> None:
    theirs = world.create(SERVICE_ACCOUNT_KIND, "shop-celery")

    world.create_shop()
    message = wait_for(
        lambda: message_with(world, "shop-celery"), describe="a condition that names the object"
    )
    now = world.get(SERVICE_ACCOUNT_KIND, "shop-celery")

    assert "exists and does not belong to this CeleryDeployment" in message
    assert now
    assert now["metadata"]["resourceVersion"] == theirs["metadata"]["resourceVersion"]
    assert world.there(DEPLOYMENT, "shop-default")


def test_metrics_of_a_deleted_resource_are_dropped(shop: World, operator: OperatorProcess) -> None:
    labels = {"group": "mail", "namespace": shop.namespace, "resource": "shop"}
    wait_for(
        lambda: metric(operator.get("/metrics")[1], "celery_workers_desired", labels) == 1,
        describe="a number",
    )

    shop.delete(CELERY_DEPLOYMENT, "shop")

    def is_dropped() -> bool:
        status, text = operator.get("/metrics")
        return status == 200 and shop.namespace not in text

    wait_for(is_dropped, describe="no series of the resource")
