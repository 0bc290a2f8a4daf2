"""What a pod template reads as variables, and when the mark of the values changes."""

from typing import Any

import pytest

from celery_operator.kinds import CONFIG_MAP, SECRET
from celery_operator.resources.configuration.references import (
    Values,
    Variable,
    mark_of,
    same_sources,
    variables_of,
)

TEMPLATE: dict[str, Any] = {
    "spec": {
        "initContainers": [
            {"name": "probe", "env": [{"valueFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}}]}
        ],
        "containers": [
            {
                "name": "worker",
                "env": [
                    {"name": "PLAIN", "value": "1"},
                    {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {"name": "BROKER", "valueFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}},
                    {
                        "name": "COLOUR",
                        "valueFrom": {"configMapKeyRef": {"name": "theme", "key": "c", "optional": True}},
                    },
                ],
                "envFrom": [
                    {"secretRef": {"name": "api"}},
                    {"prefix": "X_", "configMapRef": {"name": "flags"}},
                ],
            }
        ],
        "volumes": [{"name": "v", "secret": {"secretName": "file"}}],
    }
}
URL = Variable("secrets", "broker", "url", optional=False)
COLOUR = Variable("configmaps", "theme", "c", optional=True)
WHOLE = Variable("secrets", "api", "", optional=False)
BROKER, THEME, API = (SECRET, "broker"), (CONFIG_MAP, "theme"), (SECRET, "api")


def mark(values: Values, *variables: Variable) -> str:
    found = mark_of(variables, values, "token")
    assert found is not None
    return found


def test_every_source_of_variables_is_found_once_and_files_are_none() -> None:
    assert variables_of(TEMPLATE) == (
        Variable("configmaps", "flags", "", optional=False),
        COLOUR,
        WHOLE,
        URL,
    )


@pytest.mark.parametrize(
    "container",
    [
        {"env": "x"},
        {"env": ["x"]},
        {"env": [{"valueFrom": {"secretKeyRef": "x"}}]},
        {"env": [{"valueFrom": None}]},
        {"envFrom": [{"secretRef": {}}]},
    ],
)
def test_what_the_api_server_will_refuse_is_no_source(container: dict[str, Any]) -> None:
    assert variables_of({"spec": {"containers": [container]}}) == ()


def test_the_mark_changes_with_a_value_that_is_read_and_with_no_other() -> None:
    first = mark({BROKER: {"url": "one", "other": "x"}}, URL)
    assert mark({BROKER: {"url": "one", "other": "y"}}, URL) == first
    changed = mark({BROKER: {"url": "two", "other": "x"}}, URL)
    assert changed != first
    assert same_sources(first, changed)


def test_every_key_counts_where_all_are_read() -> None:
    assert mark({API: {"a": "1"}}, WHOLE) != mark({API: {"a": "1", "b": "2"}}, WHOLE)


def test_marks_of_other_sources_differ_in_their_first_half() -> None:
    values: Values = {BROKER: {"url": "one"}, API: {"a": "1"}}
    assert not same_sources(mark(values, URL), mark(values, URL, WHOLE))


@pytest.mark.parametrize("values", [{}, {BROKER: None}, {BROKER: {"other": "x"}}])
def test_a_value_that_is_missing_or_was_not_read_gives_no_mark(values: Values) -> None:
    assert mark_of((URL,), values, "token") is None


def test_an_optional_value_may_come_and_go() -> None:
    absent = mark({THEME: None}, COLOUR)
    assert mark({THEME: {"other": "x"}}, COLOUR) == absent
    assert mark({THEME: {"c": "red"}}, COLOUR) != absent
    assert mark_of((COLOUR,), {}, "token") is None


def test_the_mark_does_not_help_to_guess_a_value_without_the_token() -> None:
    values: Values = {BROKER: {"url": "one"}}
    theirs = mark_of((URL,), values, "guess")
    assert theirs is not None
    assert theirs.partition(".")[2] != mark(values, URL).partition(".")[2]
    assert "one" not in mark(values, URL)
