"""The command that all was prepared for gets the signals, and its exit status is reported."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tools.cluster.machine.child import run_child
from tools.testbed.waiting import wait_for

ROOT = Path(__file__).parents[3]
# Cleans up for a moment before it ends.
CAREFUL = (
    "import pathlib, sys, time\n"
    "try:\n"
    "    pathlib.Path('began').touch(); time.sleep(60)\n"
    "except KeyboardInterrupt:\n"
    "    time.sleep(0.6); pathlib.Path('cleaned').touch(); sys.exit(7)\n"
)
PARENT = (
    "import sys\n"
    "from tools.cluster.machine.child import run_child\n"
    f"sys.exit(run_child([sys.executable, '-c', {CAREFUL!r}], {{}}))\n"
)
# The signal comes as soon as the command is there, before run_child knows of it.
TERMINATED_EARLY = (
    "import signal, subprocess, sys\n"
    "from tools.cluster.machine.child import run_child\n"
    "class Popen(subprocess.Popen):\n"
    "    def __init__(self, *args, **options):\n"
    "        super().__init__(*args, **options)\n"
    "        signal.raise_signal(signal.SIGTERM)\n"
    "subprocess.Popen = Popen\n"
    "sys.exit(run_child(['sleep', '600'], {}))\n"
)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def parent(folder: Path) -> "subprocess.Popen[bytes]":
    # A group of its own, as a terminal gives to each command.
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=folder,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    wait_for((folder / "began").exists)
    return process


def test_the_exit_status_is_the_commands() -> None:
    assert run_child(["sh", "-c", 'exit "$STATUS"'], {"STATUS": "3"}) == 3


def test_a_command_that_a_signal_ended_is_reported_as_a_shell_does() -> None:
    assert run_child(["sh", "-c", "kill -INT $$"], {}) == 130


def test_ctrl_c_lets_the_command_clean_up_and_end_by_itself(tmp_path: Path) -> None:
    process = parent(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=20) == 7
    assert (tmp_path / "cleaned").exists()


def test_a_termination_is_passed_on(tmp_path: Path) -> None:
    process = parent(tmp_path)
    process.terminate()
    assert process.wait(timeout=20) == 128 + signal.SIGTERM


def test_a_termination_while_the_command_is_started_is_passed_on() -> None:
    words = [sys.executable, "-c", TERMINATED_EARLY]
    assert subprocess.run(words, env=ENVIRONMENT, timeout=60, check=False).returncode == 128 + signal.SIGTERM
