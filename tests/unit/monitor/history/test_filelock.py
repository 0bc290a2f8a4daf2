import os
import socket
import stat
from contextlib import closing
from pathlib import Path

import pytest

from celery_monitor.history.database.filelock import FileLock
from celery_monitor.history.errors import HistoryError


def test_other_users_cannot_read_the_history(tmp_path: Path) -> None:
    file = tmp_path / "new" / "history.sqlite3"
    lock = FileLock(file)
    try:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    finally:
        lock.release()


def test_a_file_that_is_there_keeps_its_content_and_permissions(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite3"
    file.write_text("content")
    file.chmod(0o640)
    FileLock(file).release()
    assert file.read_text() == "content"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_device_a_pipe_and_a_socket_are_refused_before_anything_is_created(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(tmp_path / "socket"))
        for file in (Path("/dev/null"), tmp_path / "pipe", tmp_path / "socket"):
            with pytest.raises(HistoryError, match="is not a regular file: name a file"):
                FileLock(file)
    assert {file.name for file in tmp_path.iterdir()} == {"pipe", "socket"}
