"""The token of the orders, and how it changes in a running sidecar."""

from pathlib import Path

from celery_health.redaction import redact
from celery_probe.sidecar.token import Token


def test_a_value_stays(tmp_path: Path) -> None:
    assert Token("one").current() == "one"
    assert Token().current() == ""
    assert Token("one", tmp_path / "absent").current() == "one"


def test_a_file_comes_first_and_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first-token-1\n")
    token = Token("one", file)
    assert token.current() == "first-token-1"
    file.write_text("second-token-2")
    assert token.current() == "second-token-2"
    assert redact("the token second-token-2") == "the token ***"


def test_the_links_of_a_mounted_secret_are_followed(tmp_path: Path) -> None:
    (tmp_path / "..data_1").mkdir()
    (tmp_path / "..data_1" / "token").write_text("first")
    (tmp_path / "..data").symlink_to("..data_1")
    (tmp_path / "token").symlink_to("..data/token")
    assert Token("", tmp_path / "token").current() == "first"


def test_a_file_that_is_gone_or_empty_keeps_the_last_token(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    token = Token("", file)
    assert token.current() == "first"
    file.write_text("")
    assert token.current() == "first"
    file.unlink()
    assert token.current() == "first"
