"""A Secret or ConfigMap changes: the pods that read it are replaced, one group after the other."""

import base64

import pytest
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from celery_operator.api.names import ANNOTATION_CONFIGURATION
from celery_operator.kinds import CELERY_DEPLOYMENT, CONFIG_MAP, DEPLOYMENT, DISRUPTION_BUDGET, POD, SECRET
from tests.integration.api.apiserver import Object
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.sidecars import Workers
from tests.integration.operator.world import World, group, is_rolled_out

GROUPS = ("default", "mail")
# The operator reads what no watch brings every 15 s, and its own Secrets once a minute.
POLL_SECONDS = 15 + BUSY_SECONDS


def mark(world: World, name: str) -> str:
    """The mark of the values in a Deployment's pod template."""
    found = world.there(DEPLOYMENT, f"shop-{name}") or {}
    metadata = found.get("spec", {}).get("template", {}).get("metadata", {})
    return str(metadata.get("annotations", {}).get(ANNOTATION_CONFIGURATION, ""))


def has_image(world: World, name: str, image: str) -> Object | None:
    """The Deployment, once its workers have this image."""
    found = world.there(DEPLOYMENT, f"shop-{name}") or {}
    containers = found.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    return found if any(one["image"] == image for one in containers) else None


def put(world: World, text: str) -> None:
    encoded = base64.b64encode(text.encode()).decode()
    world.change(SECRET, "broker", {"data": {"url": encoded}})


def rolled_out(world: World, name: str) -> bool:
    found = world.get(DEPLOYMENT, f"shop-{name}")
    return found is not None and is_rolled_out(found)


def run_all(world: World, workers: Workers, seen: set[str]) -> None:
    """Have every pod that is new run, and be ready."""
    for pod in world.all(POD):
        if pod["metadata"]["uid"] not in seen:
            seen.add(pod["metadata"]["uid"])
            workers.run(pod, works=True)


@pytest.fixture
def shop(operator: OperatorProcess, world: World) -> World:
    """Two groups that read a Secret, and one of them a ConfigMap besides."""
    world.create_secret("broker", url="redis://:one@127.0.0.1:1/0")
    world.create(CONFIG_MAP, "flags", data={"COLOUR": "red"})
    flags = [{"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "flags", "key": "COLOUR"}}}]
    world.create_shop(
        broker={"urlFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}},
        workers=[group("default", podDisruptionBudget={"maxUnavailable": 1}), group("mail", env=flags)],
    )
    world.until_owned_objects("shop-default", "shop-mail")
    wait_for(lambda: all(mark(world, name) for name in GROUPS), describe="the marks")
    return world


def test_a_new_password_goes_from_group_to_group_as_their_pods_become_ready(
    shop: World, workers: Workers
) -> None:
    seen: set[str] = set()
    before = {name: mark(shop, name) for name in GROUPS}
    wait_for(lambda: len(shop.all(POD)) == 2, describe="a pod of each group")
    run_all(shop, workers, seen)
    wait_for(lambda: all(rolled_out(shop, name) for name in GROUPS), describe="both rolled out")

    put(shop, "redis://:two@127.0.0.1:1/0")
    wait_for(
        lambda: mark(shop, "default") != before["default"],
        timeout=POLL_SECONDS,
        describe="the first group's turn",
    )
    # The new pod is not ready: the rollout stops here, and the earlier pod stays.
    wait_for(lambda: len(shop.pods_of("shop-default")) == 2, describe="a new pod beside the earlier one")
    wait_for(
        lambda: any(reason == "ConfigurationChanged" for reason, _ in shop.events()), describe="the Event"
    )
    assert mark(shop, "mail") == before["mail"]

    run_all(shop, workers, seen)
    wait_for(lambda: rolled_out(shop, "default"), timeout=30, describe="the first group rolled out")
    wait_for(
        lambda: mark(shop, "mail") != before["mail"],
        timeout=POLL_SECONDS,
        describe="the second group's turn",
    )


def test_a_config_map_replaces_only_the_pods_that_read_it(shop: World) -> None:
    before = {name: mark(shop, name) for name in GROUPS}
    shop.change(CONFIG_MAP, "flags", {"data": {"COLOUR": "blue", "OTHER": "1"}})
    wait_for(
        lambda: mark(shop, "mail") != before["mail"],
        timeout=POLL_SECONDS,
        describe="the turn of the group mail",
    )
    assert mark(shop, "default") == before["default"]


def test_a_deploy_with_a_new_image_and_new_values_replaces_the_pods_of_each_group_once(shop: World) -> None:
    before = {name: mark(shop, name) for name in GROUPS}
    put(shop, "redis://:two@127.0.0.1:1/0")
    shop.change(CELERY_DEPLOYMENT, "shop", {"spec": {"image": "shop:2"}})

    for name in GROUPS:
        deployment = wait_for(
            lambda name=name: has_image(shop, name, "shop:2"),  # type: ignore[misc]
            describe="the new image",
        )
        metadata = deployment["spec"]["template"]["metadata"]
        assert metadata["annotations"][ANNOTATION_CONFIGURATION] != before[name]


def test_a_budget_is_made_and_goes_with_its_field(shop: World) -> None:
    budget = wait_for(lambda: shop.there(DISRUPTION_BUDGET, "shop-default"), describe="the budget")
    assert budget["spec"]["maxUnavailable"] == 1
    assert shop.there(DISRUPTION_BUDGET, "shop-mail") is None
    spec = {"spec": {"workers": [group("default"), group("mail")]}}
    shop.change(CELERY_DEPLOYMENT, "shop", spec)
    wait_for(lambda: shop.get(DISRUPTION_BUDGET, "shop-default") is None, describe="the budget's end")
