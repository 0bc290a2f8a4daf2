"""A beat report is read whole, or refused with the field that is wrong."""

from typing import Any

import pytest

from celery_health.wire.beat_report import BeatWait
from celery_health.wire.documents import UnreadableError
from tests.unit.wire.documents import beat_document, beat_report


def test_every_field_is_read() -> None:
    report = beat_report(beat_document())
    assert (report.pid, report.tick_mono, report.due_in, report.ticks, report.sent) == (7, 995.0, 10.0, 12, 5)
    assert (report.entries, report.max_interval, report.written_at) == (3, 300.0, 1_700_000_000.0)
    assert report.memory_bytes == 50_000_000


def test_an_older_agent_need_not_report_everything() -> None:
    document = beat_document(entries=None, max_interval=None)
    for name in ("scheduler", "error_count", "last_error", "waits_for", "written_at"):
        del document[name]
    report = beat_report(document)
    assert (report.scheduler, report.error_count, report.entries) == ("", 0, None)


def test_a_wait_that_this_release_does_not_know_reads_as_unknown() -> None:
    assert beat_report(beat_document(waits_for="a later word")).waits_for is BeatWait.UNKNOWN


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "The beat report has version 2"),
        ({"version": True}, "in field version"),
        ({"role": "worker"}, "in field role: Unknown word"),
        ({"phase": "dancing"}, "in field phase: Unknown word"),
        ({"pid": True}, "in field pid: Expected `int`, got `bool`"),
        ({"ticks": -1}, "in field ticks: Expected `int` >= 0"),
        ({"tick_mono": float("nan")}, "not valid JSON"),
        ({"written_mono": None}, "in field written_mono"),
        ({"celery_version": 5}, "in field celery_version: Expected `str`, got `int`"),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        beat_report(beat_document(**changes))
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["sent", "role", "version"])
def test_a_missing_key_is_named(name: str) -> None:
    document = beat_document()
    del document[name]
    with pytest.raises(UnreadableError, match=f"missing required field `{name}`"):
        beat_report(document)
