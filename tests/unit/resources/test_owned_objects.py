"""Which owned objects a spec requires, and in which order they are applied."""

from typing import Any

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.owned_objects import owned_objects
from celery_operator.resources.ownership import ResourceIdentity
from tests.unit.resources.golden import SECRETS, SETTINGS, by_spec

OWNER = ResourceIdentity("default", "shop", "uid")


def _owned_objects(**fields: Any) -> list[str]:
    spec = CeleryDeploymentSpec.model_validate(
        {"app": "shop.celery", "image": "shop:1", "workers": [{"name": "default"}], **fields}
    )
    built = owned_objects(OWNER, spec, SETTINGS, SECRETS, replicas=by_spec(spec))
    for one in built:
        if one["kind"] != "PersistentVolumeClaim" or "redis" not in one["metadata"]["name"]:
            assert [owner["uid"] for owner in one["metadata"]["ownerReferences"]] == [OWNER.uid]
    return [f"{owned_object['kind']}/{owned_object['metadata']['name']}" for owned_object in built]


def test_what_a_pod_refers_to_is_applied_before_it() -> None:
    assert _owned_objects(broker={"managed": {}}, beat={"enabled": True}) == [
        "ServiceAccount/shop-celery",
        "Secret/shop-probe",
        "Secret/shop-redis",
        "PersistentVolumeClaim/shop-redis",
        "Service/shop-redis",
        "StatefulSet/shop-redis",
        "NetworkPolicy/shop-redis",
        "Deployment/shop-default",
        "StatefulSet/shop-beat",
    ]


def test_a_volume_for_the_schedule_is_applied_before_beat() -> None:
    built = _owned_objects(broker={"url": "redis://redis"}, beat={"enabled": True, "storage": {}})
    assert built[-2:] == ["PersistentVolumeClaim/shop-beat", "StatefulSet/shop-beat"]


def test_flower_has_a_secret_of_its_own_only_where_the_user_has_none() -> None:
    flower = {"enabled": True}
    built = _owned_objects(broker={"url": "redis://redis"}, flower=flower)
    assert built[-3:] == ["Secret/shop-flower", "Service/shop-flower", "Deployment/shop-flower"]
    theirs = {**flower, "basicAuthFrom": {"secretKeyRef": {"name": "flower", "key": "users"}}}
    assert "Secret/shop-flower" not in _owned_objects(broker={"url": "redis://redis"}, flower=theirs)


def test_a_monitor_comes_after_the_workers_and_adds_a_claim_only_for_storage() -> None:
    kinds = _owned_objects(
        broker={"url": "redis://redis"}, monitor={"enabled": True, "database": {"storage": {}}}
    )
    assert kinds[-4:] == [
        "Secret/shop-monitor",
        "PersistentVolumeClaim/shop-monitor",
        "Service/shop-monitor",
        "Deployment/shop-monitor",
    ]
    without = _owned_objects(broker={"url": "redis://redis"}, monitor={"enabled": True})
    assert "PersistentVolumeClaim/shop-monitor" not in without


def test_a_monitor_that_is_off_has_no_objects() -> None:
    monitor = {"enabled": False, "database": {"storage": {}}}
    assert not [one for one in _owned_objects(broker={"managed": {}}, monitor=monitor) if "monitor" in one]


def test_a_broker_and_an_account_of_the_users_own_are_not_made() -> None:
    assert _owned_objects(broker={"url": "redis://redis"}, serviceAccountName="shop") == [
        "Secret/shop-probe",
        "Deployment/shop-default",
    ]
