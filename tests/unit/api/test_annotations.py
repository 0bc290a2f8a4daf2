"""What annotations ask for, and what is said of those that ask for nothing."""

import pytest

from celery_operator.api.annotations import healing_is_paused, misunderstood, restart_annotations
from celery_operator.api.names import ANNOTATION_PAUSE_HEALING as PAUSE
from celery_operator.api.names import ANNOTATION_RESTARTED_AT as RESTARTED

GROUPS = ["mail", "default"]


@pytest.mark.parametrize(
    ("annotations", "paused"),
    [
        ({}, False),
        ({PAUSE: "true"}, True),
        ({PAUSE: "false"}, False),
        ({PAUSE: ""}, False),
        ({PAUSE: "yes"}, False),
        ({PAUSE: "True"}, False),
    ],
)
def test_only_the_word_true_pauses(annotations: dict[str, str], paused: bool) -> None:
    assert healing_is_paused(annotations) is paused


def test_a_group_takes_the_annotations_of_all_and_its_own() -> None:
    annotations = {RESTARTED: "1", f"{RESTARTED}.mail": "2", f"{RESTARTED}.default": "3", "other": "4"}
    assert restart_annotations(annotations, "mail") == {RESTARTED: "1", f"{RESTARTED}.mail": "2"}


def test_beat_takes_the_annotation_of_all_alone() -> None:
    annotations = {RESTARTED: "1", f"{RESTARTED}.mail": "2"}
    assert restart_annotations(annotations, None) == {RESTARTED: "1"}


def test_an_empty_value_asks_for_nothing() -> None:
    assert restart_annotations({RESTARTED: "", f"{RESTARTED}.mail": ""}, "mail") == {}


@pytest.mark.parametrize("value", ["true", "false"])
def test_what_is_understood_is_not_told(value: str) -> None:
    annotations = {PAUSE: value, RESTARTED: "1", f"{RESTARTED}.mail": "2", "other": "x"}
    assert list(misunderstood(annotations, GROUPS)) == []


def test_a_pause_that_is_none_is_told_with_what_to_write() -> None:
    (told,) = misunderstood({PAUSE: "yes"}, GROUPS)
    assert told == f"Annotation {PAUSE} is 'yes': write \"true\", or remove it"


def test_a_restart_of_no_group_is_told_with_the_groups() -> None:
    (told,) = misunderstood({f"{RESTARTED}.post": "1"}, GROUPS)
    assert f"{RESTARTED}.post names no worker group" in told
    assert "one of default, mail" in told
