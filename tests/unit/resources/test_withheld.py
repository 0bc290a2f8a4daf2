"""Objects that are not applied because the operator's administrator does not allow their fields."""

from typing import Any

import pytest

from celery_operator.api.template_fields import parse_fields
from celery_operator.resources.object_faults import withheld
from celery_operator.resources.owned_objects import owned_objects
from celery_operator.resources.ownership import ResourceIdentity
from tests.unit.decide.build import spec
from tests.unit.resources.golden import SECRETS, SETTINGS, by_spec

SHOP = ResourceIdentity("market", "shop", "uid-shop")
ROOT = {"name": "root", "hostPath": {"path": "/"}}
NETWORK = {"spec": {"hostNetwork": True}}
EVERY_PART = {
    "broker": {"managed": {}},
    "beat": {"enabled": True},
    "monitor": {"enabled": True},
    "flower": {"enabled": True},
}
WORKERS = ("Deployment shop-default", "Deployment shop-mail")


@pytest.mark.parametrize(
    ("changes", "field", "objects"),
    [
        ({"serviceAccountName": "admin"}, "spec.serviceAccountName", WORKERS),
        ({"volumes": [ROOT]}, "spec.volumes.hostPath", WORKERS),
        (
            {"workers": [{"name": "default"}, {"name": "mail", "template": NETWORK}]},
            "spec.hostNetwork",
            ("Deployment shop-mail",),
        ),
        (
            {"monitor": {"enabled": True, "template": NETWORK}},
            "spec.hostNetwork",
            ("Deployment shop-monitor",),
        ),
        ({"runAsUser": 1}, "spec.runAsUser", WORKERS),
        ({**EVERY_PART, "volumes": [ROOT]}, "spec.volumes.hostPath", (*WORKERS, "StatefulSet shop-beat")),
        ({**EVERY_PART, "runAsUser": 1}, "spec.runAsUser", (*WORKERS, "StatefulSet shop-beat")),
        (
            {"broker": {"managed": {"template": NETWORK}}},
            "spec.hostNetwork",
            ("StatefulSet shop-redis",),
        ),
        ({"beat": {"enabled": True, "template": NETWORK}}, "spec.hostNetwork", ("StatefulSet shop-beat",)),
        ({"flower": {"enabled": True, "template": NETWORK}}, "spec.hostNetwork", ("Deployment shop-flower",)),
    ],
    ids=[
        "service-account",
        "volume",
        "group",
        "monitor",
        "user",
        "volume-of-some",
        "user-of-some",
        "redis",
        "beat",
        "flower",
    ],
)
def test_an_object_with_a_field_that_is_not_allowed_is_withheld(
    changes: dict[str, Any], field: str, objects: tuple[str, ...]
) -> None:
    of = spec(**{"workers": [{"name": "default"}, {"name": "mail"}], **changes})
    bodies = owned_objects(SHOP, of, SETTINGS, SECRETS, replicas=by_spec(of))

    faults = [withheld(SHOP, of, body, parse_fields("restricted")) for body in bodies]

    found = [fault for fault in faults if fault]
    assert tuple(fault.message.partition(" is not")[0] for fault in found) == objects
    assert all(f"does not allow {field}. Remove" in fault.message for fault in found)
    assert {(fault.reason, fault.waiting) for fault in found} == {("FieldNotAllowed", False)}
    assert not any(withheld(SHOP, of, body, parse_fields("all")) for body in bodies)
