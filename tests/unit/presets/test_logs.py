"""Log files that several processes write and rotate."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import signals

from celery_health import presets
from celery_health.presets import logs
from celery_health.presets.logs import SharedRotatingFileHandler

LINES = 400
# Forked after the handler is made, as a worker's children are.
WRITERS = f"""
import logging, os, sys
from celery_health.presets.logs import SharedRotatingFileHandler
handler = SharedRotatingFileHandler(sys.argv[1], maxBytes=2000, backupCount=1000)
log = logging.Logger("test")
log.addHandler(handler)
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        for n in range({LINES}):
            log.warning("child %d line %d", child, n)
        os._exit(0)
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
"""


@pytest.fixture(autouse=True)
def no_handler_is_left_behind() -> Iterator[None]:
    yield
    for signal in (signals.after_setup_logger, signals.after_setup_task_logger):
        signal.disconnect(dispatch_uid=logs._UID)
    for name in logs.TASK_LOGGERS:
        for handler in [*logging.getLogger(name).handlers]:
            logging.getLogger(name).removeHandler(handler)
            handler.close()


def test_no_line_is_lost_or_torn_when_four_processes_rotate_one_file(tmp_path: Path) -> None:
    file = tmp_path / "celery.log"
    subprocess.run([sys.executable, "-c", WRITERS, str(file)], check=True, timeout=60)

    files = [path for path in tmp_path.iterdir() if path.suffix != ".lock"]
    lines = [line for path in files for line in path.read_text().splitlines()]

    assert len(files) > 10
    assert all(path.stat().st_size <= 2000 for path in files)
    assert sorted(lines) == sorted(f"child {child} line {n}" for child in range(4) for n in range(LINES))


def test_the_lines_of_another_process_count_towards_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "celery.log"
    # Two handlers have a position each in the file, as two processes have.
    first, second = (SharedRotatingFileHandler(file, maxBytes=1000, backupCount=5) for _ in range(2))
    first.emit(logging.makeLogRecord({"msg": "first"}))
    for _ in range(9):
        second.emit(logging.makeLogRecord({"msg": "x" * 100}))
    first.emit(logging.makeLogRecord({"msg": "y" * 100}))
    for handler in (first, second):
        handler.close()

    assert file.read_text() == "y" * 100 + "\n"
    assert (tmp_path / "celery.log.1").stat().st_size == len("first\n") + 9 * 101


def test_a_limited_number_of_old_files_is_kept(tmp_path: Path) -> None:
    handler = SharedRotatingFileHandler(tmp_path / "celery.log", maxBytes=100, backupCount=2)
    for _ in range(50):
        handler.emit(logging.makeLogRecord({"msg": "x" * 60}))
    handler.close()

    assert sorted(path.name for path in tmp_path.glob("celery.log*")) == [
        "celery.log",
        "celery.log.1",
        "celery.log.2",
        "celery.log.lock",
    ]


def test_a_removed_file_is_created_again(tmp_path: Path) -> None:
    file = tmp_path / "celery.log"
    handler = SharedRotatingFileHandler(file, maxBytes=1000, backupCount=1)
    handler.emit(logging.makeLogRecord({"msg": "before"}))
    file.unlink()
    handler.emit(logging.makeLogRecord({"msg": "after"}))
    handler.close()

    assert file.read_text() == "after\n"


def test_a_missing_directory_is_reported_on_stderr_and_not_raised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    handler = SharedRotatingFileHandler(folder / "celery.log", maxBytes=1000, backupCount=1)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()

    handler.emit(logging.makeLogRecord({"msg": "lost"}))
    handler.close()

    assert "FileNotFoundError" in capsys.readouterr().err


def test_the_directory_of_the_last_call_counts(tmp_path: Path) -> None:
    logger = logging.getLogger("test_log_files")
    presets.log_files(tmp_path / "first")
    presets.log_files(tmp_path / "second")

    signals.after_setup_logger.send(sender=None, logger=logger)
    logger.warning("hello")
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)
        handler.close()

    assert not (tmp_path / "first").exists()
    assert "WARNING/MainProcess] hello" in (tmp_path / "second" / "celery.log").read_text()


def test_tasks_have_a_file_of_their_own(tmp_path: Path) -> None:
    presets.log_files(tmp_path)

    signals.after_setup_task_logger.send(sender=None, logger=logging.getLogger("celery.task"))
    logging.getLogger("celery.task").warning("the task itself")
    logging.getLogger("celery.app.trace").warning("how it ended")

    text = (tmp_path / "celery_tasks.log").read_text()
    assert "the task itself" in text
    assert "how it ended" in text
