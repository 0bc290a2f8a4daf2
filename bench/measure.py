"""What a process costs, as the kernel counts it. Linux only: everything is read from /proc."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of one process, or of several together.

    ``rss``: every page that is mapped. ``pss``: a page that n processes share counts 1/n.
    """

    rss: int
    pss: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ran to its end. ``cpu`` is user and system time of it and its children, in seconds."""

    status: int
    cpu: float
    wall: float
    output: str


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time that the processes have used so far, all threads, in steps of a clock tick.

    Raises:
        BenchError: one of them is gone.
    """
    return sum(_ticks(pid) for pid in pids) / TICKS_PER_SECOND


def scheduled_seconds(pids: Iterable[int]) -> float:
    """CPU time of the first thread of each process so far, in steps of a nanosecond.

    Raises:
        BenchError: one of them is gone.
    """
    return sum(int(_read(PROC / str(pid) / "schedstat").split()[0]) for pid in pids) / 1e9


def other_threads_seconds(pid: int) -> float:
    """CPU time of all threads of a process but its first one so far, in steps of a nanosecond.

    Raises:
        BenchError: it is gone.
    """
    tasks = (PROC / str(pid) / "task").iterdir()
    return sum(int(_read(task / "schedstat").split()[0]) for task in tasks if task.name != str(pid)) / 1e9


def memory(pids: Iterable[int]) -> Memory:
    """Memory of the processes together.

    Raises:
        BenchError: one of them is gone, or belongs to another user.
    """
    found = [_memory(pid) for pid in pids]
    return Memory(rss=sum(each.rss for each in found), pss=sum(each.pss for each in found))


def family(pid: int) -> list[int]:
    """The process and everything below it."""
    members = [pid]
    for task in (PROC / str(pid) / "task").glob("*"):
        for child in _read(task / "children").split():
            members += family(int(child))
    return members


def run_to_end(command: Sequence[str], env: Mapping[str, str]) -> Finished:
    """Run a command and count its CPU time as the kernel reports it to the parent (wait4)."""
    with tempfile.TemporaryFile("w+") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return Finished(process.returncode, usage.ru_utime + usage.ru_stime, wall, output.read())


def _ticks(pid: int) -> int:
    # The command's name, in parentheses, may hold spaces: utime and stime are the 12th and 13th after it.
    fields = _read(PROC / str(pid) / "stat").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _memory(pid: int) -> Memory:
    rollup = dict(
        line.split(":", 1) for line in _read(PROC / str(pid) / "smaps_rollup").splitlines() if ":" in line
    )
    try:
        rss, pss = (int(rollup[name].split()[0]) * 1024 for name in ("Rss", "Pss"))
    except (KeyError, IndexError) as error:
        raise BenchError(f"The kernel does not show the memory of process {pid}.") from error
    return Memory(rss, pss)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise BenchError(f"Process {path.relative_to(PROC).parts[0]} ended while it was measured.") from error
    except PermissionError as error:
        raise BenchError(f"No permission to read {path}: run this as root.") from error
