import stat
from pathlib import Path

from celery_monitor.history.database.filelock import FileLock


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
