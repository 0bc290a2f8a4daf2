"""What annotations ask for, and what is said of those that ask for nothing."""

import pytest

from celery_operator.api.annotations import (
    ScalingPauses,
    chosen_probe_image,
    read_annotations,
    restart_annotations,
)
from celery_operator.api.names import ANNOTATION_PAUSE_HEALING as PAUSE
from celery_operator.api.names import ANNOTATION_PAUSE_SCALE_IN as PAUSE_IN
from celery_operator.api.names import ANNOTATION_PAUSE_SCALE_OUT as PAUSE_OUT
from celery_operator.api.names import ANNOTATION_PROBE_IMAGE as PROBE_IMAGE
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
    assert read_annotations(annotations, GROUPS).healing_paused is paused


def test_a_group_is_paused_by_its_own_annotation_and_by_that_of_all() -> None:
    one = read_annotations({f"{PAUSE}.mail": "true", f"{PAUSE}.default": "false"}, GROUPS)
    assert (one.healing_paused, one.pauses("mail"), one.pauses("default")) == (False, True, False)
    every = read_annotations({PAUSE: "true"}, GROUPS)
    assert every.pauses("mail")


@pytest.mark.parametrize(
    ("annotations", "pauses"),
    [
        ({}, ScalingPauses(scale_in=False, scale_out=False)),
        ({PAUSE: "true"}, ScalingPauses(scale_in=False, scale_out=False)),
        ({PAUSE_IN: "true"}, ScalingPauses(scale_in=True, scale_out=False)),
        ({PAUSE_OUT: "true"}, ScalingPauses(scale_in=False, scale_out=True)),
        ({PAUSE_IN: "true", PAUSE_OUT: "true"}, ScalingPauses(scale_in=True, scale_out=True)),
        ({PAUSE_IN: "yes", PAUSE_OUT: "false"}, ScalingPauses(scale_in=False, scale_out=False)),
    ],
)
def test_scaling_is_paused_each_way_by_itself(annotations: dict[str, str], pauses: ScalingPauses) -> None:
    assert read_annotations(annotations, GROUPS).scaling_pauses == pauses


def test_a_group_takes_the_annotations_of_all_and_its_own() -> None:
    annotations = {RESTARTED: "1", f"{RESTARTED}.mail": "2", f"{RESTARTED}.default": "3", "other": "4"}
    assert restart_annotations(annotations, "mail") == {RESTARTED: "1", f"{RESTARTED}.mail": "2"}


def test_beat_takes_the_annotation_of_all_alone() -> None:
    annotations = {RESTARTED: "1", f"{RESTARTED}.mail": "2"}
    assert restart_annotations(annotations, None) == {RESTARTED: "1"}


def test_an_empty_value_asks_for_nothing() -> None:
    assert restart_annotations({RESTARTED: "", f"{RESTARTED}.mail": ""}, "mail") == {}


@pytest.mark.parametrize("value", ["true", "false"])
def test_an_annotation_that_is_understood_is_not_reported(value: str) -> None:
    annotations = {PAUSE: value, PAUSE_IN: value, PAUSE_OUT: value, "other": "x"}
    annotations |= {RESTARTED: "1", f"{RESTARTED}.mail": "2", f"{PAUSE}.mail": value}
    assert read_annotations(annotations, GROUPS).not_understood == ()


@pytest.mark.parametrize("name", [PAUSE, PAUSE_IN, PAUSE_OUT, f"{PAUSE}.mail"])
def test_an_invalid_pause_is_reported_with_what_to_write(name: str) -> None:
    (sentence,) = read_annotations({name: "yes"}, GROUPS).not_understood
    assert sentence == f"Annotation {name} is 'yes': write \"true\", or remove it"


def test_an_unknown_pause_is_reported_with_the_pauses_that_exist() -> None:
    (sentence,) = read_annotations({"celery-operator.dev/pause-scaling": "true"}, GROUPS).not_understood
    assert sentence.startswith("Annotation celery-operator.dev/pause-scaling pauses nothing: write one of ")
    assert all(name in sentence for name in (PAUSE, PAUSE_IN, PAUSE_OUT))


@pytest.mark.parametrize("of", [RESTARTED, PAUSE])
def test_an_annotation_of_no_group_is_reported_with_the_groups(of: str) -> None:
    (sentence,) = read_annotations({f"{of}.post": "true"}, GROUPS).not_understood
    assert f"{of}.post names no worker group" in sentence
    assert "one of default, mail" in sentence


@pytest.mark.parametrize(
    ("value", "chosen"), [("keep", "keep"), ("probe:1", "probe:1"), ("", ""), ("probe 1", "")]
)
def test_a_probe_image_is_chosen_by_annotation(value: str, chosen: str) -> None:
    annotations = {PROBE_IMAGE: value}
    assert chosen_probe_image(annotations) == chosen
    assert bool(read_annotations(annotations, GROUPS).not_understood) is (not chosen)
    assert chosen_probe_image({}) == ""
