"""Which fields a template may set where the administrator of the operator limits them."""

from typing import Any

import pytest

from celery_operator.api.template_fields import ALL_FIELDS, parse_fields

RESTRICTED = parse_fields("restricted")


def test_all_fields_are_allowed_by_default() -> None:
    assert parse_fields("all") == ALL_FIELDS
    assert ALL_FIELDS.refused({"spec": {"hostNetwork": True}}) == ()


@pytest.mark.parametrize(
    "template",
    [
        {},
        {"metadata": {"labels": {"team": "shop"}, "annotations": {"a": "b"}}},
        {"spec": {"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "spot"}]}},
        {"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}}},
        {"spec": {"containers": [{"name": "worker", "env": [{"name": "A", "value": "b"}], "resources": {}}]}},
        {"spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}},
    ],
)
def test_restricted_allows_what_changes_neither_identity_nor_node(template: dict[str, Any]) -> None:
    assert RESTRICTED.refused(template) == ()


@pytest.mark.parametrize(
    ("pod_spec", "refused"),
    [
        ({"hostNetwork": True}, ["spec.hostNetwork"]),
        ({"hostPID": True, "nodeName": "master"}, ["spec.hostPID", "spec.nodeName"]),
        ({"serviceAccountName": "admin"}, ["spec.serviceAccountName"]),
        ({"automountServiceAccountToken": True}, ["spec.automountServiceAccountToken"]),
        ({"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}, ["spec.volumes.hostPath"]),
        ({"securityContext": {"$patch": "delete"}}, ["spec.securityContext"]),
        (
            {"containers": [{"name": "worker", "env": [], "securityContext": {"privileged": True}}]},
            ["spec.containers.securityContext"],
        ),
        ({"containers": [{"name": "worker", "$patch": "delete"}]}, ["spec.containers.$patch"]),
        ({"containers": [{"name": "extra", "image": "x"}]}, ["spec.containers.image"]),
        ({"initContainers": [{"name": "probe", "image": "x"}]}, ["spec.initContainers"]),
        ({"containers": "worker"}, ["spec.containers"]),
        ({"containers": ["worker"]}, ["spec.containers"]),
    ],
)
def test_restricted_names_each_field_that_is_not_allowed(
    pod_spec: dict[str, Any], refused: list[str]
) -> None:
    assert list(RESTRICTED.refused({"spec": pod_spec})) == refused


def test_a_list_of_fields_allows_these_and_nothing_else() -> None:
    fields = parse_fields("metadata.labels, spec.containers.env")

    assert fields.refused({"metadata": {"labels": {"a": "b"}}}) == ()
    assert fields.refused({"metadata": {"annotations": {"a": "b"}}}) == ("metadata.annotations",)
    assert parse_fields("").refused({"metadata": {}}) == ("metadata",)


@pytest.mark.parametrize("text", ["nothing", "spec", "spec.containers[0]", "status.phase", "all,spec.x"])
def test_a_name_that_is_no_field_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="is not a field of a pod template: write all, restricted, or"):
        parse_fields(text)
