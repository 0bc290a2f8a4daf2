"""CPU and memory of real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bench.errors import BenchError
from bench.measure import cpu_seconds, family, memory, run_to_end
from tools.testbed.waiting import wait_for

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
MEGABYTES = 50


@contextmanager
def python(code: str) -> Iterator["subprocess.Popen[str]"]:
    """A Python that runs ``code``, prints and waits for the end of its input."""
    command = [sys.executable, "-c", f"{code}\nprint('ready', flush=True)\ninput()"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_command_that_burns_cpu_is_distinguished_from_one_that_waits() -> None:
    busy = run_to_end([sys.executable, "-c", f"{BURN}\nprint('done')"], {})
    assert busy.status == 0
    assert busy.output == "done\n"
    assert busy.cpu >= 0.3
    waiting = run_to_end(["sleep", "0.3"], {})
    assert waiting.wall >= 0.3
    assert waiting.cpu < 0.1


def test_the_cpu_time_of_a_commands_children_counts_too() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}], check=True)"
    assert run_to_end([sys.executable, "-c", child], {}).cpu >= 0.3


def test_a_command_gets_the_environment_and_its_status_is_returned() -> None:
    code = "import os, sys; print(os.environ['BENCH_WORD'], file=sys.stderr); sys.exit(3)"
    done = run_to_end([sys.executable, "-c", code], {"BENCH_WORD": "hello"})
    assert (done.status, done.output) == (3, "hello\n")


def test_what_a_thread_that_ended_has_burnt_still_counts() -> None:
    code = f"import threading\nt = threading.Thread(target=exec, args=({BURN!r}, {{}}))\nt.start(); t.join()"
    with python(code) as process:
        assert cpu_seconds([process.pid]) >= 0.3
        assert cpu_seconds([process.pid, os.getpid()]) > cpu_seconds([os.getpid()])


def test_memory_that_a_process_holds_shows_in_rss_and_pss() -> None:
    with python("pass") as small, python(f"held = bytearray(b'x') * {MEGABYTES}_000_000") as large:
        more = memory([large.pid]).rss - memory([small.pid]).rss
        assert more == pytest.approx(MEGABYTES * 1_000_000, rel=0.1)
        both = memory([small.pid, large.pid])
        assert MEGABYTES * 1_000_000 < both.pss <= both.rss


def test_the_family_of_a_process_includes_grandchildren() -> None:
    shell = "['sh', '-c', 'sleep 60 & wait']"
    with python(f"import subprocess\nchild = subprocess.Popen({shell}, start_new_session=True)") as process:
        members = wait_for(lambda: found if len(found := family(process.pid)) == 3 else None, 10)
        assert members[0] == process.pid
        os.killpg(members[1], signal.SIGKILL)


def test_a_process_that_is_gone_is_named() -> None:
    with python("pass") as process:
        pass
    with pytest.raises(BenchError, match=f"Process {process.pid} ended"):
        cpu_seconds([process.pid])
    with pytest.raises(BenchError, match=f"Process {process.pid} ended"):
        memory([process.pid])
