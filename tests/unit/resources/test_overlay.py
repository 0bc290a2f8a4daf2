"""A user's pod template laid over ours."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_operator.resources.overlay import laid_over

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
keys = st.sampled_from(["name", "containers", "env", "volumeMounts", "mountPath", "spec", "labels", "value"])
named = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")}, optional={"value": scalars, "$patch": st.just("delete")}
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars | st.lists(named, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
templates = st.dictionaries(keys, values, max_size=5)

# A busy machine is no failure of ours.

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "maps merge": ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
    "null removes a field": ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
    "null removes nothing that is not there": ({"b": 2}, {"a": None, "c": {"d": None}}, {"b": 2, "c": {}}),
    "a directive removes a field": (
        {"spec": {"startupProbe": {"periodSeconds": 1}, "runAsUser": 1}},
        {"spec": {"startupProbe": {"$patch": "delete"}, "runAsUser": {"$patch": "delete"}}},
        {"spec": {}},
    ),
    "containers merge by name": (
        {"containers": [{"name": "worker", "image": "i"}]},
        {"containers": [{"name": "worker", "tty": True}, {"name": "proxy"}]},
        {"containers": [{"name": "worker", "image": "i", "tty": True}, {"name": "proxy"}]},
    ),
    "our order stays, what is new comes after": (
        {"initContainers": [{"name": "agent"}, {"name": "probe"}]},
        {"initContainers": [{"name": "migrate"}, {"name": "probe"}]},
        {"initContainers": [{"name": "agent"}, {"name": "probe"}, {"name": "migrate"}]},
    ),
    "a variable is replaced whole": (
        {"env": [{"name": "A", "value": "1"}]},
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {}}}]},
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {}}}]},
    ),
    "a volume is replaced whole": (
        {"volumes": [{"name": "tmp", "emptyDir": {}}]},
        {"volumes": [{"name": "tmp", "hostPath": {"path": "/x"}}]},
        {"volumes": [{"name": "tmp", "hostPath": {"path": "/x"}}]},
    ),
    "mounts merge by path": (
        {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]},
        {"volumeMounts": [{"name": "own", "mountPath": "/tmp"}]},
        {"volumeMounts": [{"name": "own", "mountPath": "/tmp"}]},
    ),
    "an item can be deleted": (
        {"containers": [{"name": "a"}, {"name": "b"}]},
        {"containers": [{"name": "a", "$patch": "delete"}]},
        {"containers": [{"name": "b"}]},
    ),
    "what is deleted and named again keeps its place": (
        {"containers": [{"name": "a", "image": "i"}, {"name": "b"}]},
        {"containers": [{"name": "a", "$patch": "delete"}, {"name": "b"}, {"name": "a", "tty": True}]},
        {"containers": [{"name": "a", "tty": True}, {"name": "b"}]},
    ),
    "an item can be deleted from a list that cannot merge": (
        {"containers": ["a"]},
        {"containers": [{"name": "a", "$patch": "delete"}, {"name": "b"}]},
        {"containers": [{"name": "b"}]},
    ),
    "a list without a key replaces ours": (
        {"tolerations": [{"key": "a"}]},
        {"tolerations": [{"key": "b"}]},
        {"tolerations": [{"key": "b"}]},
    ),
    "a list whose items have no name replaces ours": (
        {"containers": [{"name": "a"}]},
        {"containers": ["a"]},
        {"containers": ["a"]},
    ),
}


@pytest.mark.parametrize(("base", "overlay", "expected"), CASES.values(), ids=CASES.keys())
def test_laid_over(base: dict[str, Any], overlay: dict[str, Any], expected: dict[str, Any]) -> None:
    assert laid_over(base, overlay) == expected
    assert laid_over(expected, overlay) == expected


@given(templates)
def test_an_empty_overlay_changes_nothing(base: dict[str, Any]) -> None:
    assert laid_over(base, {}) == base


@given(templates, templates)
def test_an_overlay_laid_twice_is_as_laid_once(base: dict[str, Any], overlay: dict[str, Any]) -> None:
    once = laid_over(base, overlay)
    assert laid_over(once, overlay) == once


@given(templates, templates)
def test_neither_side_is_changed(base: dict[str, Any], overlay: dict[str, Any]) -> None:
    before = copy.deepcopy((base, overlay))
    laid_over(base, overlay)
    assert (base, overlay) == before


@given(templates, templates)
def test_what_the_overlay_leaves_out_stays(base: dict[str, Any], overlay: dict[str, Any]) -> None:
    laid = laid_over(base, overlay)
    assert all(laid[key] == base[key] for key in base.keys() - overlay.keys())


@given(templates)
def test_what_is_null_is_gone(overlay: dict[str, Any]) -> None:
    laid = laid_over({"spec": 1, "name": "x"}, overlay)
    assert not [key for key, value in overlay.items() if value is None and key in laid]
