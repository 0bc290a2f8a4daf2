"""Reading files with secrets."""

from pathlib import Path

import pytest

from celery_monitor.settings.private_file import read_private
from celery_monitor.settings.problem import SettingsError

SECRET = "the-planted-secret"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


def refused(file: Path, most: int = 100) -> str:
    with pytest.raises(SettingsError) as raised:
        read_private(file, "the file", most)
    assert SECRET not in str(raised.value)
    return str(raised.value)


def test_a_file_of_the_greatest_length_is_read(file: Path) -> None:
    assert read_private(file, "the file", len(SECRET)) == SECRET


def test_a_file_that_every_user_can_change_is_refused(file: Path) -> None:
    file.chmod(0o602)
    assert refused(file) == f"every user can change the file {file}: run `chmod 600 {file}`"


@pytest.mark.parametrize("content", [SECRET.encode(), "ä".encode() * 10], ids=["ASCII", "cut in a character"])
def test_a_file_that_is_too_long_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert refused(file, most=9) == f"the file {file} has more than 9 bytes: shorten it"


def test_a_file_without_an_end_is_read_up_to_its_bound(tmp_path: Path) -> None:
    endless = tmp_path / "endless"
    endless.symlink_to("/dev/zero")
    assert "every user can change" in refused(endless)


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    assert refused(file) == f"the file {file} is no UTF-8 text: write it again"


def test_a_file_that_is_not_there_is_refused_unless_it_may_be_missing(tmp_path: Path) -> None:
    file = tmp_path / "none"
    assert refused(file) == f"the file {file} cannot be read: No such file or directory"
    assert read_private(file, "the file", 9, missing="") == ""


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"the file {tmp_path} cannot be read: Is a directory"
