"""What counts as drift of an owned object, and what is only the cluster at work."""

from copy import deepcopy
from typing import Any

from celery_operator.resources.fingerprint import digest, fingerprint

LIVE: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "shop-default",
        "uid": "1",
        "resourceVersion": "10",
        "generation": 1,
        "managedFields": [{"manager": "celery-operator"}],
        "labels": {"a": "b"},
        "annotations": {"deployment.kubernetes.io/revision": "1"},
    },
    "spec": {"replicas": 2},
    "status": {"replicas": 0},
}


def changed(*path: str, to: object) -> dict[str, Any]:
    body = deepcopy(LIVE)
    target = body
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = to
    return body


def test_a_status_or_a_rollouts_revision_is_no_drift() -> None:
    for same in (
        changed("status", to={"replicas": 2}),
        changed("metadata", "resourceVersion", to="11"),
        changed("metadata", "generation", to=2),
        changed("metadata", "managedFields", to=[]),
        changed("metadata", "annotations", to={"deployment.kubernetes.io/revision": "2"}),
        changed("metadata", "annotations", to={}),
    ):
        assert fingerprint(same) == fingerprint(LIVE)


def test_an_edited_spec_label_or_annotation_is_drift() -> None:
    for edited in (
        changed("spec", "replicas", to=3),
        changed("metadata", "labels", to={}),
        changed("metadata", "annotations", to={"note": "x"}),
        changed("metadata", "ownerReferences", to=[]),
        changed("metadata", "uid", to="2"),
    ):
        assert fingerprint(edited) != fingerprint(LIVE)


def test_an_object_from_a_list_has_the_fingerprint_of_the_same_one_from_a_get() -> None:
    listed = {name: value for name, value in LIVE.items() if name not in ("apiVersion", "kind")}

    assert fingerprint(listed) == fingerprint(LIVE)


def test_the_order_of_keys_makes_no_difference() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
