"""What the readers make of a beat report."""

import json
from typing import Any

import pytest

from celery_health.wire.beat_report import beat_report_from, parse_beat_report
from celery_health.wire.json_fields import ReportError
from tests.unit.health.beats import beat_document


def test_a_report_is_read_from_its_text() -> None:
    report = parse_beat_report(json.dumps(beat_document()))
    assert (report.pid, report.tick_mono, report.due_in, report.ticks, report.sent) == (7, 995.0, 10.0, 12, 5)
    assert (report.entries, report.max_interval, report.written_at) == (3, 300.0, 1_700_000_000.0)


def test_an_older_agent_need_not_tell_everything() -> None:
    document = beat_document(entries=None, max_interval=None)
    for name in ("scheduler", "error_count", "last_error", "waits_for", "written_at"):
        del document[name]
    report = beat_report_from(document)
    assert (report.scheduler, report.error_count, report.entries) == ("", 0, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 2}, "has kind 'beat' and version 2"),
        ({"version": True}, "version True"),
        ({"kind": "worker"}, "has kind 'worker'"),
        ({"phase": "dancing"}, "'phase' is 'dancing', not one of starting, ticking, stopping"),
        ({"pid": True}, "'pid' is a bool, not a int"),
        ({"ticks": -1}, "'ticks' is -1, below 0"),
        ({"tick_mono": float("nan")}, "'tick_mono' is no finite number"),
        ({"written_mono": None}, "'written_mono' is no finite number"),
        ({"celery_version": 5}, "'celery_version' is a int"),
    ],
)
def test_what_is_no_report_of_beat_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ReportError, match=words):
        beat_report_from(beat_document(**changes))


def test_a_missing_key_is_named() -> None:
    document = beat_document()
    del document["sent"]
    with pytest.raises(ReportError, match="'sent' is missing"):
        beat_report_from(document)
