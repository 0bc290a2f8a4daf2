"""``examples/scripts/start_celery.bat``: nothing here can run it, so a linter and its labels are checked."""

import re
import subprocess

from tools.testbed.celery_versions import EXAMPLE_TOOLS

from tests.integration.without_kubernetes.harness import EXAMPLES

SCRIPT = EXAMPLES / "scripts" / "start_celery.bat"


def test_lines_end_as_windows_has_it() -> None:
    """cmd.exe misses labels in a file with the line ends of Unix."""
    data = SCRIPT.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 100


def test_every_label_that_is_called_exists_and_is_used() -> None:
    text = SCRIPT.read_text()
    labels = set(re.findall(r"^:(\w+)", text, re.MULTILINE))
    programs = {"start_worker", "start_beat", "start_flower", "start_monitor"}
    called = set(re.findall(r"(?:call :|goto )(\w+)", text)) - {"start_"}
    assert labels == called | programs


def test_both_scripts_have_the_same_settings() -> None:
    def settings(name: str) -> set[str]:
        return set(
            re.findall(r"^(?:#|rem)   ([A-Z_]+)  ", (EXAMPLES / "scripts" / name).read_text(), re.MULTILINE)
        )

    assert settings("start_celery.sh") - settings("start_celery.bat") == {
        # Windows has no way to stop the worker from this script, and its files are rotated at the start.
        "STOP_SECONDS",
        "LOG_MAX_BYTES",
    }
    assert settings("start_celery.bat") < settings("start_celery.sh")


def test_the_linter_finds_no_error() -> None:
    linter = [str(EXAMPLE_TOOLS.python()), "-m", "blinter", "--fail-on", "error", str(SCRIPT)]
    done = subprocess.run(linter, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert "No critical errors found" in done.stdout
