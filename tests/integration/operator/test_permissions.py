"""The operator with a ServiceAccount's token, and exactly the Roles and admission policies of the chart."""

import json
from pathlib import Path

from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.waiting import wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, SECRET, STATEFUL_SET, VOLUME_CLAIM
from tests.integration.operator.account import ACCOUNT, kubeconfig_with_token, may, operator_account
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.world import World


def test_the_charts_roles_are_enough_for_everything_that_the_operator_does(
    start_operator: StartOperator, world: World, kubeconfig: Path
) -> None:
    operator = start_operator(f"--lease-name={ACCOUNT}", kubeconfig=kubeconfig).until_it_leads()
    world.create_secret("broker", url="redis://127.0.0.1:1/0")
    world.create_shop(broker={"urlFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}})
    world.until_owned_objects("shop-default", "shop-mail")

    # No event reports the Secret. That of the Deployment has both made again.
    world.delete(SECRET, "shop-probe")
    world.delete(DEPLOYMENT, "shop-default")
    wait_for(lambda: world.there(DEPLOYMENT, "shop-default"), describe="the Deployment")
    wait_for(lambda: world.there(SECRET, "shop-probe"), describe="the probe Secret")
    wait_for(world.events, describe="an Event")

    assert operator.stop() == 0
    assert "forbidden" not in operator.log.read_text().lower()


def test_the_charts_roles_are_enough_for_a_monitor_and_its_volume(
    start_operator: StartOperator, world: World, kubeconfig: Path
) -> None:
    operator = start_operator(f"--lease-name={ACCOUNT}", kubeconfig=kubeconfig).until_it_leads()
    world.create_shop(monitor={"enabled": True, "database": {"storage": {"size": "1Gi"}}})
    world.until_owned_objects("shop-default", "shop-mail", "shop-monitor")
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"monitor": {"enabled": False}}})
    wait_for(lambda: not world.there(DEPLOYMENT, "shop-monitor"), describe="the monitor's end")

    assert operator.stop() == 0
    assert "forbidden" not in operator.log.read_text().lower()


def test_the_charts_roles_are_enough_for_beat_redis_and_flower(
    start_operator: StartOperator, world: World, kubeconfig: Path
) -> None:
    operator = start_operator(f"--lease-name={ACCOUNT}", kubeconfig=kubeconfig).until_it_leads()
    on = {"enabled": True}
    world.create_shop(broker={"managed": {}}, beat={**on, "storage": {}}, flower=on)
    world.until_owned_objects("shop-default", "shop-mail", "shop-flower")
    for name in ("shop-redis", "shop-beat"):
        wait_for(lambda name=name: world.there(STATEFUL_SET, name), describe=name)  # type: ignore[misc]
        assert world.there(VOLUME_CLAIM, name)
    assert world.there(SECRET, "shop-redis")
    assert world.there(SECRET, "shop-flower")
    assert world.condition("Reconciling").get("reason") not in {"Refused", "NameTaken"}
    off = {"enabled": False}
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"beat": off, "flower": off}})
    wait_for(lambda: not world.get(STATEFUL_SET, "shop-beat"), describe="the end of beat")
    wait_for(lambda: not world.get(DEPLOYMENT, "shop-flower"), describe="the end of Flower")

    assert operator.stop() == 0
    assert "forbidden" not in operator.log.read_text().lower()


def test_without_the_permission_to_get_secrets_the_operator_keeps_its_own(
    start_operator: StartOperator, plane: ControlPlane, world: World, tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig"
    with operator_account(world, "operator.readSecrets=false") as token:
        path.write_text(json.dumps(kubeconfig_with_token(plane, token)))
        operator = start_operator("--secret-access=own", kubeconfig=path).until_it_leads()
        world.create_secret("broker", url="redis://127.0.0.1:1/0")
        world.create_shop()
        world.until_owned_objects("shop-default", "shop-mail")
        before = world.get(SECRET, "shop-probe")
        assert before
        world.create_shop("other", broker={"urlFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}})
        wait_for(
            lambda: world.condition("Reconciling", "other").get("reason") == "SecretForbidden", describe="it"
        )
        managed = {"passwordFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}, "persistent": False}
        world.create_shop("redis", broker={"managed": managed})
        wait_for(
            lambda: world.condition("Reconciling", "redis").get("reason") == "SecretForbidden", describe="it"
        )
        operator.stop()

        again = start_operator("--secret-access=own", kubeconfig=path).until_it_leads()
        world.delete(DEPLOYMENT, "shop-default")
        wait_for(lambda: world.there(DEPLOYMENT, "shop-default"), describe="the Deployment")
        after = world.get(SECRET, "shop-probe")

        assert not may(world, "get", "secrets")
        assert after
        assert after["data"] == before["data"], again.words()


def test_resources_can_be_patched_and_not_made_or_deleted(world: World, kubeconfig: Path) -> None:
    kind = f"{CELERY_DEPLOYMENT.plural}"
    assert may(world, "patch", kind, CELERY_DEPLOYMENT.api_version.partition("/")[0])
    for verb in ("create", "update", "delete"):
        assert not may(world, verb, kind, CELERY_DEPLOYMENT.api_version.partition("/")[0])


def test_secrets_can_be_got_by_name_and_not_listed(world: World, kubeconfig: Path) -> None:
    assert may(world, "get", "secrets")
    assert not may(world, "list", "secrets")
    assert not may(world, "watch", "secrets")
    assert not may(world, "delete", "secrets")


def test_workers_can_be_evicted_and_not_deleted(world: World, kubeconfig: Path) -> None:
    assert may(world, "create", "pods/eviction")
    assert not may(world, "delete", "pods")
    assert not may(world, "create", "pods/exec")
