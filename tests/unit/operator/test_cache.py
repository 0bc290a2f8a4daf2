"""What the cache believes when watch events, LISTs and answers to our own writes cross."""

from typing import Any

import pytest

from celery_operator.api import names
from celery_operator.cache import Cache, Key
from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, POD

SHOP = Key("ns", "shop")


def deployment(version: int, uid: str = "1", **metadata: Any) -> dict[str, Any]:
    labels = {names.LABEL_INSTANCE: "shop"}
    head = {
        "name": "shop-a",
        "namespace": "ns",
        "uid": uid,
        "resourceVersion": str(version),
        "labels": labels,
    }
    return {"metadata": {**head, **metadata}, "spec": {}}


def resource(version: int, **metadata: Any) -> dict[str, Any]:
    head = {"name": "shop", "namespace": "ns", "uid": "1", "resourceVersion": str(version), "generation": 1}
    return {"metadata": {**head, **metadata}, "spec": {}}


def test_an_older_event_does_not_undo_the_answer_to_our_own_write() -> None:
    cache = Cache()
    cache.put(DEPLOYMENT, deployment(7), watched=False)

    assert cache.put(DEPLOYMENT, deployment(5), watched=True) is None
    known = cache.get(DEPLOYMENT, Key("ns", "shop-a"))
    assert known
    assert known["metadata"]["resourceVersion"] == "7"


def test_the_echo_of_our_own_write_changes_nothing_and_proves_the_watch() -> None:
    cache = Cache()
    cache.put(DEPLOYMENT, deployment(7), watched=False)
    before = cache.watched_versions(DEPLOYMENT)

    assert cache.put(DEPLOYMENT, deployment(7), watched=True) is None
    assert before == {(Key("ns", "shop-a"), "1"): 0}
    assert cache.watched_versions(DEPLOYMENT) == {(Key("ns", "shop-a"), "1"): 7}


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 2},
        {"annotations": {names.ANNOTATION_RESTARTED_AT: "now"}},
        {"deletionTimestamp": "now"},
    ],
)
def test_a_change_that_the_answer_to_our_own_write_already_had_is_news(change: dict[str, Any]) -> None:
    cache = Cache()
    cache.put(CELERY_DEPLOYMENT, resource(5), watched=True)
    # The status, written after the user's change, and answered before the watch brings that.
    cache.put(CELERY_DEPLOYMENT, resource(7, **change), watched=False)

    assert cache.put(CELERY_DEPLOYMENT, resource(6, **change), watched=True) == SHOP
    assert cache.put(CELERY_DEPLOYMENT, resource(7, **change), watched=True) is None


def test_the_answer_to_a_write_does_not_bring_back_what_was_deleted_meanwhile() -> None:
    cache = Cache()
    cache.put(DEPLOYMENT, deployment(7), watched=True)
    cache.remove(DEPLOYMENT, deployment(8))

    cache.put(DEPLOYMENT, deployment(7), watched=False)

    assert cache.owned(DEPLOYMENT, SHOP) == []


def test_the_end_of_an_object_does_not_end_its_successor_of_the_same_name() -> None:
    cache = Cache()
    cache.put(DEPLOYMENT, deployment(7, uid="1"), watched=True)
    cache.put(DEPLOYMENT, deployment(9, uid="2"), watched=True)

    assert cache.remove(DEPLOYMENT, deployment(8, uid="1")) is None
    assert [one["metadata"]["uid"] for one in cache.owned(DEPLOYMENT, SHOP)] == ["2"]


def test_an_object_that_loses_its_instance_label_is_no_longer_owned_but_still_known() -> None:
    cache = Cache()
    cache.put(DEPLOYMENT, deployment(7), watched=True)

    cache.put(DEPLOYMENT, deployment(8, labels={}), watched=True)

    assert cache.owned(DEPLOYMENT, SHOP) == []
    assert cache.get(DEPLOYMENT, Key("ns", "shop-a"))


def test_a_pod_is_kept_without_its_spec() -> None:
    cache, cost = Cache(), "controller.kubernetes.io/pod-deletion-cost"
    pod = {
        **deployment(7, managedFields=[{}], annotations={"a": "b", cost: "-1"}),
        "status": {"phase": "Running"},
    }

    assert cache.put(POD, pod, watched=True) == SHOP
    (kept,) = cache.owned(POD, SHOP)
    assert "spec" not in kept
    assert "managedFields" not in kept["metadata"]
    assert kept["metadata"]["annotations"] == {cost: "-1"}
