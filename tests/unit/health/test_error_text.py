"""Exceptions in one line."""

from celery_health.error_text import in_one_line

MIXED = (
    "\n\nCannot mix new and old setting keys, please rename the\nfollowing settings:\n\nBROKER_URL -> new\n"
)


def test_the_first_line_is_the_error_and_the_others_are_its_context() -> None:
    assert in_one_line(ValueError("no route\nto host")) == "ValueError: no route"
    assert in_one_line(ValueError()) == "ValueError"


def test_a_text_that_begins_with_an_empty_line_is_kept() -> None:
    assert in_one_line(ValueError(MIXED)) == (
        "ValueError: Cannot mix new and old setting keys, please rename the following settings: "
        "BROKER_URL -> new"
    )
