"""The files of a folder are read whatever they hold, and no two workers write the same."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from celery_health.metrics.options import Options
from celery_health.metrics.recorder import Recorder
from celery_health.metrics.writer import keep_in
from celery_health.task_metrics.files import PLACES, NoPlaceError, read_folder, take_place
from celery_health.wire.task_metrics import (
    DOCUMENT_BYTES,
    MOST_ERRORS,
    MOST_PAIRS,
    OTHER,
    TASK_METRICS,
    Exemplar,
    TaskDurations,
    TaskMetrics,
    TaskRuns,
)
from tests.integration.sidecar.served import environment

_HOLD = """
import sys
from pathlib import Path
from celery_health.task_metrics.files import take_place
place = take_place(Path(sys.argv[1]))
place.write(sys.argv[2].encode())
print("held", flush=True)
sys.stdin.read()
"""

_COUNT = """
import sys
from pathlib import Path
from celery_health.metrics.options import Options
from celery_health.metrics.recorder import Recorder
from celery_health.metrics.writer import keep_in
from celery_health.wire.task_metrics import TASK_METRICS
recorder = Recorder(Options())
shown = keep_in(Path(sys.argv[1]), recorder)
while True:
    recorder.started("charge", "")
    print(TASK_METRICS.decode(shown()).runs[0].started, flush=True)
"""


def encoded(started: int) -> bytes:
    return msgspec.json.encode(
        TaskMetrics(prefix="celery", label="", bounds=(1.0,), runs=[TaskRuns(task="a", started=started)])
    )


def traced(trace: str) -> bytes:
    """A document of 14 runs, of which one has this trace."""
    seen = Exemplar(trace_id=trace, seconds=0.5, at=1.0)
    durations = [TaskDurations(task="a", counts=[14, 0], exemplars={0: seen})]
    document = msgspec.json.decode(encoded(14), type=TaskMetrics)
    return msgspec.json.encode(msgspec.structs.replace(document, durations=durations))


def holder(folder: Path, text: str) -> "subprocess.Popen[str]":
    """A process that holds a place until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder), text],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_place_is_free_again_when_its_worker_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    first, second = holder(folder, encoded(1).decode()), holder(folder, encoded(2).decode())
    try:
        assert [document.runs[0].started for document in read_folder(folder).documents] == [1, 2]
        first.kill()
        first.wait(10)
        place = take_place(folder)
        assert place.read().runs[0].started == 1
        place.write(encoded(3))
        assert [document.runs[0].started for document in read_folder(folder).documents] == [3, 2]
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()


def test_a_worker_that_is_killed_has_shown_no_more_than_the_next_one_goes_on_from(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _COUNT, str(tmp_path)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        try:
            shown = [int(worker.stdout.readline()) for _ in range(100)]
        finally:
            worker.kill()
    (document,) = read_folder(tmp_path).documents
    assert shown == list(range(1, 101))
    assert document.runs[0].started >= 100


def test_while_the_file_cannot_be_written_all_that_was_counted_is_shown(tmp_path: Path) -> None:
    recorder = Recorder(Options())
    shown = keep_in(tmp_path, recorder)
    assert shown is not None
    blocking = tmp_path / "0.new"
    blocking.mkdir()
    recorder.started("charge", "")
    assert TASK_METRICS.decode(shown()).runs[0].started == 1
    blocking.rmdir()
    recorder.started("charge", "")
    assert TASK_METRICS.decode(shown()).runs[0].started == 2
    assert read_folder(tmp_path).documents[0].runs[0].started == 2


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "none").documents == ()
    assert read_folder(tmp_path / "none").unreadable == 0


def test_what_is_no_document_is_counted_and_the_others_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0.json")
    (tmp_path / "1.json").symlink_to("/dev/zero")
    (tmp_path / "2.json").write_bytes(b"{" * 100_000)
    (tmp_path / "3.json").write_bytes(b" " * (DOCUMENT_BYTES + 1))
    (tmp_path / "4.json").mkdir()
    (tmp_path / "5.json").write_bytes(encoded(1).replace(b'"started":1', b'"started":-1'))
    (tmp_path / "6.json").write_bytes(encoded(1).replace(b'"celery"', b'"celery{} 1"'))
    (tmp_path / "7.json").write_bytes(encoded(1).replace(b'"label":""', b'"label":"task_name"'))
    (tmp_path / "8.json").write_bytes(encoded(1).replace(b'"a"', b'"\\ud800"'))
    (tmp_path / "9.json").write_bytes(encoded(9))
    (tmp_path / "10.json").write_bytes(encoded(1).replace(b'"celery"', b'"celery\\n"'))
    (tmp_path / "11.json").write_bytes(encoded(1).replace(b'"label":""', b'"label":"\\n"'))
    (tmp_path / "12.json").write_bytes(encoded(1).replace(b'"label":""', b'"label":"customer_id\\n"'))
    (tmp_path / "13.json").write_bytes(traced("a" * 32 + "\n"))
    (tmp_path / "14.json").write_bytes(traced("a" * 32))
    found = read_folder(tmp_path)
    assert [document.runs[0].started for document in found.documents] == [9, 14]
    assert found.unreadable == 13


def test_a_document_of_more_series_than_a_worker_keeps_is_not_read(tmp_path: Path) -> None:
    names = {f"{number}": 1 for number in range(MOST_ERRORS)}
    most = [
        TaskRuns(task=f"{number}", failed={**names, OTHER: 1}) for number in range(MOST_PAIRS // MOST_ERRORS)
    ]
    for number, rows in enumerate((most, [*most, TaskRuns(task="one too many", failed={"E": 1})])):
        document = TaskMetrics(prefix="celery", label="", bounds=(1.0,))
        document.runs = rows
        (tmp_path / f"{number}.json").write_bytes(msgspec.json.encode(document))
    found = read_folder(tmp_path)
    assert [len(document.runs) for document in found.documents] == [len(most)]
    assert found.unreadable == 1


def test_all_files_together_have_a_bound(tmp_path: Path) -> None:
    for number in range(PLACES):
        (tmp_path / f"{number}.json").write_bytes(encoded(number).ljust(1000))
    found = read_folder(tmp_path, most_bytes=2500)
    assert len(found.documents) == 2
    assert found.unreadable == PLACES - 2


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(FileExistsError):
        take_place(file)
    for number in range(PLACES):
        (tmp_path / f"{number}.lock").mkdir()
    with pytest.raises(NoPlaceError, match="16 workers"):
        take_place(tmp_path)
