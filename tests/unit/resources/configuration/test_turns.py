"""One Deployment after the other takes changed values, and a wrong value stops at the first."""

from dataclasses import replace
from typing import Any

import pytest

from celery_operator.api.names import ANNOTATION_CONFIGURATION
from celery_operator.resources.configuration.turns import Workload, turns

OLD, NEW, OTHER_SOURCES = "s.old", "s.new", "t.new"


def live(mark: str | None, old_pods: int, observed: int) -> dict[str, Any]:
    annotations = {ANNOTATION_CONFIGURATION: mark} if mark else {}
    return {
        "metadata": {"generation": 1},
        "spec": {"replicas": 2, "template": {"metadata": {"annotations": annotations}}},
        "status": {"observedGeneration": observed, "replicas": 2 + old_pods, "updatedReplicas": 2},
    }


def workload(
    name: str, mark: str | None, desired: str | None = NEW, *, old_pods: int = 0, observed: int = 1
) -> Workload:
    return Workload(name, desired, live(mark, old_pods, observed))


def test_the_first_whose_values_changed_begins_and_the_others_keep_theirs() -> None:
    marks, begun = turns([workload("a", OLD), workload("b", OLD), workload("beat", OLD)])
    assert marks == {"a": NEW, "b": OLD, "beat": OLD}
    assert begun == "a"


@pytest.mark.parametrize(("old_pods", "observed"), [(1, 1), (0, 0)])
def test_the_next_waits_until_all_pods_of_the_one_before_are_replaced(old_pods: int, observed: int) -> None:
    before = workload("a", NEW, old_pods=old_pods, observed=observed)
    marks, begun = turns([before, workload("b", OLD)])
    assert marks == {"a": NEW, "b": OLD}
    assert begun is None


def test_the_next_begins_when_the_one_before_is_done() -> None:
    assert turns([workload("a", NEW), workload("b", OLD)]) == ({"a": NEW, "b": NEW}, "b")


def test_a_corrected_value_goes_to_the_one_whose_rollout_stopped() -> None:
    marks, begun = turns([workload("a", "s.wrong", old_pods=1), workload("b", OLD)])
    assert marks == {"a": NEW, "b": OLD}
    assert begun == "a"


def test_a_value_that_is_not_known_changes_nothing() -> None:
    assert turns([workload("a", OLD, None), workload("b", None, None)]) == ({"a": OLD, "b": None}, None)


def test_a_new_deployment_has_its_mark_from_the_beginning() -> None:
    assert turns([Workload("a", NEW, None), workload("b", OLD)]) == ({"a": NEW, "b": NEW}, "b")


def test_pods_that_are_replaced_anyway_take_changed_values_of_the_same_sources_along() -> None:
    changing = [replace(workload(name, OLD), changes=True) for name in "ab"]
    assert turns(changing) == ({"a": NEW, "b": NEW}, None)


def test_a_change_of_values_alone_waits_for_pods_that_are_replaced_anyway() -> None:
    changing = replace(workload("a", OLD), changes=True)
    assert turns([changing, workload("b", OLD)]) == ({"a": NEW, "b": OLD}, None)


def test_an_object_that_the_api_server_refuses_holds_up_no_other_and_is_tried_again() -> None:
    refused = replace(workload("a", OLD, old_pods=1), refused=True)
    assert turns([refused, workload("b", OLD), workload("c", OLD)]) == ({"a": NEW, "b": NEW, "c": OLD}, "b")


@pytest.mark.parametrize("mark", [None, OTHER_SOURCES])
def test_a_template_that_changes_anyway_takes_the_values_along(mark: str | None) -> None:
    marks, begun = turns([workload("a", mark), workload("b", mark)])
    assert marks == {"a": NEW, "b": NEW}
    assert begun is None
