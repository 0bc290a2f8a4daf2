"""What a reading keeps of a sidecar's ``/report`` besides the verdict."""

from typing import Any

import pytest

from celery_operator.observe.sidecars import SidecarError, reading_of

BODY: dict[str, Any] = {
    "report": None,
    "verdict": {
        "reason": "Deaf",
        "message": "The worker's main loop turns, but fetches no messages.",
        "started": True,
        "live": False,
        "ready": False,
        "consuming": False,
    },
    "broker": {"reachable": True, "message": ""},
}


def test_the_age_of_the_report_and_a_hold_are_read() -> None:
    reading = reading_of({**BODY, "written_age": 1.5, "held_for": 12})
    assert (reading.age, reading.held_for) == (1.5, 12.0)
    assert not reading.verdict.live


@pytest.mark.parametrize("body", [BODY, {**BODY, "written_age": None, "held_for": None}])
def test_a_sidecar_that_tells_neither_holds_nothing(body: dict[str, Any]) -> None:
    reading = reading_of(body)
    assert (reading.age, reading.held_for) == (0.0, None)


@pytest.mark.parametrize("key", ["written_age", "held_for"])
def test_words_in_place_of_seconds_are_no_report(key: str) -> None:
    with pytest.raises(SidecarError):
        reading_of({**BODY, key: "soon"})
