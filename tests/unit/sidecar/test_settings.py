"""The sidecar's environment is read whole or refused with what to write."""

from pathlib import Path

import pytest

from celery_probe.sidecar.__main__ import main
from celery_probe.sidecar.settings import SettingsError, read_settings


def test_every_variable_is_read(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "CELERY_PROBE_DIRECTORY": str(tmp_path),
            "CELERY_PROBE_PORT": "1234",
            "CELERY_PROBE_TOKEN": "secret\n",
            "CELERY_BROKER_URL": "redis://:hunter2@host",
        }
    )
    known = settings.port, settings.token.current(), settings.broker_url
    assert known == (1234, "secret", "redis://:hunter2@host")
    assert settings.run_directory == tmp_path / "run"


def test_what_is_unset_or_empty_takes_the_default(tmp_path: Path) -> None:
    settings = read_settings({"CELERY_PROBE_DIRECTORY": str(tmp_path), "CELERY_PROBE_PORT": ""})
    assert (settings.port, settings.token.current(), settings.broker_url) == (9809, "", "")


def test_settings_show_no_secrets(tmp_path: Path) -> None:
    environment = {
        "CELERY_PROBE_DIRECTORY": str(tmp_path),
        "CELERY_PROBE_TOKEN": "hunter2",
        "CELERY_BROKER_URL": "redis://:hunter2@host",
    }
    assert "hunter2" not in repr(read_settings(environment))


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "9809 ", "٣"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    with pytest.raises(SettingsError, match="write a number between 1 and 65535"):
        read_settings({"CELERY_PROBE_DIRECTORY": str(tmp_path), "CELERY_PROBE_PORT": port})


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not a directory: write the mount path"):
        read_settings({"CELERY_PROBE_DIRECTORY": str(tmp_path / "nowhere")})


def test_wrong_settings_end_the_command_with_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CELERY_PROBE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("CELERY_PROBE_PORT", "http")
    assert main(["serve"]) == 2
    assert "CELERY_PROBE_PORT is 'http': write a number" in capsys.readouterr().err


def test_install_fills_the_directory_and_says_when_it_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", str(tmp_path)]) == 0
    assert (tmp_path / "__main__.py").is_file()
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert main(["install", str(blocked)]) == 1
    assert f"cannot install into {blocked}" in capsys.readouterr().err
