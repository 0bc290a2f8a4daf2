"""The files that the agent shares with the sidecar."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from celery_probe.agent.channel import ReportDirectory
from celery_probe.bundle import install


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    install(tmp_path)
    return tmp_path


def test_a_report_takes_the_place_of_the_last_one_and_is_readable_by_all(directory: Path) -> None:
    shared = ReportDirectory(str(directory))
    umask = os.umask(0o077)
    try:
        shared.write_report(b"one")
        shared.write_report(b"two")
    finally:
        os.umask(umask)
    report = directory / "run" / "report.json"
    assert report.read_bytes() == b"two"
    assert report.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in (directory / "run").iterdir()] == ["report.json"]


def test_a_report_half_written_by_a_worker_that_died_is_no_obstacle(directory: Path) -> None:
    (directory / "run" / ".report.json.new").write_bytes(b"ha")
    ReportDirectory(str(directory)).write_report(b"whole")
    assert (directory / "run" / "report.json").read_bytes() == b"whole"


def test_a_missing_directory_is_reported_to_the_caller(tmp_path: Path) -> None:
    shared = ReportDirectory(str(tmp_path / "nowhere"))
    assert not shared.is_drain_requested()
    with pytest.raises(FileNotFoundError):
        shared.write_report(b"{}")
    with pytest.raises(FileNotFoundError):
        shared.hold_lock()


def test_a_drain_is_wanted_while_the_file_is_there(directory: Path) -> None:
    shared = ReportDirectory(str(directory) + "/")
    (directory / "run" / "drain").touch()
    assert shared.is_drain_requested()
    (directory / "run" / "drain").unlink()
    assert not shared.is_drain_requested()


def test_a_worker_about_to_stop_drains_too(directory: Path) -> None:
    shared = ReportDirectory(str(directory))
    shared.request_stop()
    shared.request_stop()
    assert shared.is_stop_requested()
    assert shared.is_drain_requested()
    assert not shared.is_give_back_requested()


def test_a_new_worker_forgets_the_stop_of_the_last_one_and_keeps_the_drain(directory: Path) -> None:
    shared = ReportDirectory(str(directory))
    (directory / "run" / "drain").touch()
    shared.request_stop()
    shared.request_give_back()
    shared.cancel_stop()
    shared.cancel_stop()
    assert [file.name for file in (directory / "run").iterdir()] == ["drain"]
    assert shared.is_drain_requested()


def test_a_report_is_read_whole(directory: Path) -> None:
    shared = ReportDirectory(str(directory))
    with pytest.raises(FileNotFoundError):
        shared.read_report()
    shared.write_report(b"x" * 200_000)
    assert shared.read_report() == b"x" * 200_000


HOLD = """
import sys
from celery_probe.agent.channel import ReportDirectory
ReportDirectory(sys.argv[1]).hold_lock()
print("held", flush=True)
sys.stdin.read()
"""


def test_the_lock_lasts_as_long_as_the_process(directory: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(directory)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        shared = ReportDirectory(str(directory))
        with pytest.raises(BlockingIOError):
            shared.hold_lock()
        holder.communicate()
    shared.hold_lock()
    shared.hold_lock()


def test_the_lock_is_seen_from_another_process(directory: Path) -> None:
    shared = ReportDirectory(str(directory))
    assert not shared.is_locked()
    shared.hold_lock()
    code = (
        "import sys; from celery_probe.agent.channel import ReportDirectory; "
        "print(ReportDirectory(sys.argv[1]).is_locked())"
    )
    seen = subprocess.run(
        [sys.executable, "-c", code, str(directory)], capture_output=True, text=True, timeout=60, check=True
    )
    assert seen.stdout == "True\n"
