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
    assert all(owned_object["metadata"]["ownerReferences"][0]["uid"] == OWNER.uid for owned_object in built)
    return [f"{owned_object['kind']}/{owned_object['metadata']['name']}" for owned_object in built]


def test_what_a_pod_refers_to_is_applied_before_it() -> None:
    assert _owned_objects(broker={"managed": {}}, beat={"enabled": True}) == [
        "ServiceAccount/shop-celery",
        "Secret/shop-probe",
        "Service/shop-redis",
        "Deployment/shop-redis",
        "Deployment/shop-default",
        "Deployment/shop-beat",
    ]


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
