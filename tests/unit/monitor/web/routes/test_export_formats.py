import csv
import io
import json

import pytest

from celery_monitor.records.tasks import TaskRecord
from celery_monitor.web.routes.export_formats import COLUMNS, FORMATS, cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", '=HYPERLINK("http://x","y")'],
)
def test_a_spreadsheet_runs_no_text_as_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (-1.5, "-1.5"), (0, "0"), (True, "True"), ("a=b", "a=b"), ("", "")]
)
def test_other_values_stay_as_they_are(value: object, text: str) -> None:
    assert cell(value) == text


RECORD = TaskRecord(
    id='a"b',
    name="=cmd",
    state="SUCCESS",
    args="('x, y',)\nz",
    at=1_795_900_000.25,
    sent=1_795_900_000.25,
    finished=float("1e18"),
    runtime=-1.0,
    runs=[],
)


def test_csv_has_one_row_for_a_task() -> None:
    text = FORMATS["csv"].begin + FORMATS["csv"].line(RECORD)
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == COLUMNS
    values = dict(zip(header, row, strict=True))
    assert values["id"] == 'a"b'
    assert values["name"] == "'=cmd"
    assert values["args"] == "('x, y',)\nz"
    assert values["at"] == "2026-11-28T21:06:40.250+00:00"
    assert values["sent"] == "2026-11-28T21:06:40.250+00:00"
    assert values["finished"] == "1e+18"
    assert values["runtime"] == "-1.0"
    assert values["queue"] == ""


def test_ndjson_has_one_line_for_a_task() -> None:
    line = FORMATS["ndjson"].line(RECORD)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert json.loads(line)["args"] == "('x, y',)\nz"
