"""A monitor that cannot start ends with code 3 and one sentence that says what to do."""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from celery_health.exit_codes import ExitCode
from tests.integration.monitor.monitor_process import Monitor, monitor

# Nothing listens there: the monitor starts all the same, and waits for the broker.
BROKER = "redis://:planted-secret@127.0.0.1:1/0"


def refusal(home: Path, *options: str, launcher: Sequence[str] = ()) -> str:
    """The one line of a start that is refused."""
    prepared = Monitor(home, ["--broker", BROKER, *options])
    done = subprocess.run(
        [*launcher, *prepared.command],
        env=prepared.environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert "planted" not in done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


def test_without_its_broker_the_monitor_starts_and_says_what_is_missing(tmp_path: Path) -> None:
    with monitor(tmp_path, "--broker", BROKER) as running:
        status, document = running.request("/readyz", None)
        assert status == 503
        assert "planted" not in str(document)
        assert running.request("/healthz", None)[0] == 200
        assert running.stop() == 0


def test_a_taken_port(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        assert f"Port {port} of 127.0.0.1 is taken" in refusal(tmp_path, "--port", str(port))


def test_a_second_monitor_on_one_file(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'history'}"
    with monitor(tmp_path / "first", "--broker", BROKER, "--database", database):
        assert "Another celery-monitor is using the file" in refusal(tmp_path, "--database", database)


def test_a_database_that_a_newer_version_has_written(tmp_path: Path) -> None:
    file = tmp_path / "history"
    with monitor(tmp_path / "first", "--broker", BROKER, "--database", f"sqlite:///{file}") as running:
        assert running.stop() == 0
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer celery-monitor" in refusal(tmp_path, "--database", f"sqlite:///{file}")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "history"
    file.write_text("These are my notes, " * 100)
    assert "is not an SQLite database" in refusal(tmp_path, "--database", f"sqlite:///{file}")


def test_a_folder_for_a_file(tmp_path: Path) -> None:
    assert "is a folder: name a file" in refusal(tmp_path, "--database", f"sqlite:///{tmp_path}")


def test_a_folder_without_permission_to_write(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    # The superuser may write everywhere, as long as it has this capability.
    launcher = (
        ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override") if os.getuid() == 0 else ()
    )
    line = refusal(tmp_path, "--database", f"sqlite:///{folder / 'history'}", launcher=launcher)
    assert "cannot be written" in line


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(("--database", "planted"), "is no URL", id="a file name for a URL"),
        pytest.param(
            ("--database", "postgresql://u:planted@h:p/d"), "percent-encode", id="a port in letters"
        ),
        pytest.param(("--database", "sqlite:////dev/null"), "is not a regular file", id="a device"),
        pytest.param(("-A", "no_such_shop"), "there is no module", id="a missing module"),
        pytest.param(("--host", "192.0.2.1"), "is not an address of this machine", id="another machine"),
    ],
)
def test_an_option_that_cannot_be_used(tmp_path: Path, options: tuple[str, ...], sentence: str) -> None:
    assert sentence in refusal(tmp_path, *options)
