"""The processes of `make try` end with everything that they started."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tools.cluster.errors import ClusterError
from tools.testbed.waiting import wait_for
from tools.try_it.processes import Processes

Start = Callable[[str], int]
# The child prints the process id of a child of its own, which ignores SIGTERM.
FAMILY = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, {answer})
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
print(subprocess.Popen([sys.executable, "-c", stubborn]).pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    started = Processes(tmp_path, os.environ)
    yield started
    started.end(lambda: True)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def grandchild(processes: Processes, tmp_path: Path, answer: str) -> int:
    child = processes.start("family", [sys.executable, "-c", FAMILY.format(answer=answer)], {})
    return int(wait_for(lambda: child.log.read_text().strip(), 30, lambda: "no line"))


def test_what_a_child_has_started_ends_too(processes: Processes, tmp_path: Path) -> None:
    pid = grandchild(processes, tmp_path, "lambda *_: sys.exit(0)")
    processes.end(lambda: False)
    wait_for(lambda: not alive(pid), 10, lambda: f"{pid} lives")


def test_a_second_signal_ends_a_stubborn_child_at_once(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.try_it.processes.GRACE_SECONDS", 600.0)
    pid = grandchild(processes, tmp_path, "signal.SIG_IGN")
    processes.end(lambda: True)
    wait_for(lambda: not alive(pid), 10, lambda: f"{pid} lives")


def test_a_child_that_ends_is_named_with_the_end_of_its_log(processes: Processes) -> None:
    child = processes.start("redis", [sys.executable, "-c", "print('no memory')"], {})
    child.process.wait(timeout=30)
    with pytest.raises(ClusterError, match=r"redis has ended(?s:.*)no memory"):
        processes.check()
