"""The monitor's objects follow the spec, and what cannot be made again stays."""

from typing import Any

import pytest
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, POD, SECRET, SERVICE, VOLUME_CLAIM
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.world import World, within

MONITOR = "shop-monitor"
RULES_VARIABLE = "CELERY_MONITOR_ALERT_RULES"
ON: dict[str, Any] = {"enabled": True, "database": {"storage": {"size": "1Gi"}}}


def change(world: World, **monitor: Any) -> None:
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"monitor": monitor}})


def secrets_of(world: World) -> dict[str, str]:
    return dict((world.there(SECRET, MONITOR) or {}).get("data", {}))


def uid_of_claim(world: World) -> str:
    found = world.there(VOLUME_CLAIM, MONITOR)
    return found["metadata"]["uid"] if found else ""


def template_of(world: World, name: str) -> Any:
    found = world.there(DEPLOYMENT, name)
    assert found is not None
    return found["spec"]["template"]


def until_gone(world: World) -> None:
    wait_for(
        lambda: not world.there(DEPLOYMENT, MONITOR) and not world.there(SERVICE, MONITOR),
        describe="the end of the monitor",
    )


@pytest.fixture
def shop(operator: OperatorProcess, world: World) -> World:
    """A shop with a monitor."""
    world.create_shop(monitor=ON)
    world.until_owned_objects("shop-default", "shop-mail", MONITOR)
    wait_for(lambda: world.condition("MonitorReady"), describe="the condition")
    return world


def test_a_monitor_that_comes_and_goes_changes_no_worker(operator: OperatorProcess, world: World) -> None:
    world.create_shop()
    world.until_owned_objects("shop-default", "shop-mail")
    before = template_of(world, "shop-default")
    change(world, **ON)
    world.until_owned_objects(MONITOR)
    change(world, enabled=False)
    until_gone(world)
    assert template_of(world, "shop-default") == before
    wait_for(lambda: not world.condition("MonitorReady"), describe="the condition's end")


def test_history_and_tokens_outlive_a_monitor_that_is_off(shop: World) -> None:
    claim, secrets = uid_of_claim(shop), secrets_of(shop)
    assert claim
    assert set(secrets) == {"token", "push-token", "session-secret"}

    change(shop, enabled=False, database=None)
    until_gone(shop)
    assert (uid_of_claim(shop), secrets_of(shop)) == (claim, secrets)

    change(shop, **ON)
    shop.until_owned_objects(MONITOR)
    assert (uid_of_claim(shop), secrets_of(shop)) == (claim, secrets)


def test_a_deleted_secret_is_back_for_the_next_pod_with_the_same_tokens(shop: World) -> None:
    before = secrets_of(shop)
    (pod,) = wait_for(lambda: shop.pods_of(MONITOR), describe="a pod")
    with within(2 + BUSY_SECONDS, lambda: secrets_of(shop) == before, "the Secret's return"):
        shop.delete(SECRET, MONITOR)
        shop.delete(POD, pod["metadata"]["name"])


def test_a_volume_that_may_not_change_is_a_fault_with_the_words_of_the_api_server(shop: World) -> None:
    change(shop, database={"storage": {"size": "500Mi"}})
    stalled = wait_for(
        lambda: (found := shop.condition("Stalled")).get("status") == "True" and found, describe="the fault"
    )
    assert MONITOR in stalled["message"]
    assert "immutable" in stalled["message"]


def rules_of(world: World) -> str | None:
    """The changed alert rules that the pod of the monitor gets."""
    (container,) = template_of(world, MONITOR)["spec"]["containers"]
    return next((one["value"] for one in container["env"] if one["name"] == RULES_VARIABLE), None)


def until_rules(world: World, expected: str | None) -> None:
    wait_for(lambda: rules_of(world) == expected, describe=f"the rules {expected}")


def test_changed_alert_rules_of_the_operator_replace_the_monitor_and_no_worker(
    start_operator: StartOperator, world: World
) -> None:
    operator = start_operator().until_it_leads()
    world.create_shop(monitor=ON)
    world.until_owned_objects("shop-default", "shop-mail", MONITOR)
    worker = template_of(world, "shop-default")
    assert rules_of(world) is None
    changed = '{"CelerySlowTasks": {"seconds": 900}}'
    for flags, expected in (((f"--alert-rules={changed}",), changed), ((), None)):
        operator.kill()
        operator = start_operator(*flags).until_it_leads()
        until_rules(world, expected)
    assert template_of(world, "shop-default") == worker


def test_the_claim_belongs_to_the_resource(shop: World) -> None:
    claim = shop.there(VOLUME_CLAIM, MONITOR)
    resource = shop.get(CELERY_DEPLOYMENT, "shop")
    assert claim
    assert resource
    assert [one["uid"] for one in claim["metadata"]["ownerReferences"]] == [resource["metadata"]["uid"]]
