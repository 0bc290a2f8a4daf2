"""Processes by identity: ours are stopped for sure, others' never."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from tools.cluster.errors import ClusterError
from tools.cluster.machine.processes import Supervisor, alive, identify, with_command
from tools.cluster.waiting import wait_until
from tools.testbed.waiting import wait_for

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
IGNORES_REQUESTS = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('deaf', flush=True)
time.sleep(600)
"""
STUBBORN = [sys.executable, "-c", IGNORES_REQUESTS]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "records", tmp_path / "logs")
    yield made
    for name in made.names():
        made.stop(name, grace=0)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEPER) as process:
        yield process
        process.kill()


def test_a_running_process_is_not_started_again(supervisor: Supervisor) -> None:
    assert supervisor.ensure("sleeper", SLEEPER)
    assert not supervisor.ensure("sleeper", SLEEPER)


def test_a_process_whose_command_changed_is_replaced(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.ensure("sleeper", SLEEPER)
    before = (tmp_path / "records" / "sleeper.json").read_text()
    assert supervisor.ensure("sleeper", [*SLEEPER, "other"])
    assert (tmp_path / "records" / "sleeper.json").read_text() != before


def test_a_stopped_process_is_gone_when_stop_returns(supervisor: Supervisor) -> None:
    supervisor.ensure("sleeper", SLEEPER)
    supervisor.stop("sleeper")
    assert not supervisor.running("sleeper")
    assert supervisor.names() == []


def test_a_process_that_ignores_the_request_is_killed(supervisor: Supervisor) -> None:
    supervisor.ensure("stubborn", STUBBORN)
    wait_until(lambda: "deaf" in supervisor.tail("stubborn"), seconds=30, what="its first words")
    supervisor.stop("stubborn", grace=0.2)
    assert not supervisor.running("stubborn")


def test_a_number_that_now_belongs_to_another_process_is_left_alone(
    supervisor: Supervisor, tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    found = identify(stranger.pid)
    assert found is not None
    ended_before_it = replace(found, start_ticks=found.start_ticks - 1)
    (tmp_path / "records").mkdir()
    record = {"identity": asdict(ended_before_it), "command": SLEEPER}
    (tmp_path / "records" / "sleeper.json").write_text(json.dumps(record))
    supervisor.stop("sleeper")
    assert supervisor.names() == []
    assert stranger.poll() is None


def test_a_process_that_lost_its_record_is_ended_before_its_successor_starts(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    command = [*SLEEPER, str(tmp_path)]
    supervisor.ensure("sleeper", command)
    # A process has its command line only from its exec on.
    (lost,) = wait_for(lambda: with_command(command), describe="the command line of the process")
    (tmp_path / "records" / "sleeper.json").unlink()
    supervisor.ensure("sleeper", command)
    assert not alive(lost)
    wait_for(lambda: len(with_command(command)) == 1, describe="one successor with its command line")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"identity": {"pid": 1}, "command": []}'])
def test_a_record_that_was_never_finished_counts_as_none(
    supervisor: Supervisor, tmp_path: Path, content: str
) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "half.json").write_text(content)
    assert not supervisor.running("half")


def test_restarting_gives_a_new_process_with_the_same_command(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.ensure("sleeper", SLEEPER)
    record = tmp_path / "records" / "sleeper.json"
    before = json.loads(record.read_text())
    supervisor.restart("sleeper")
    after = json.loads(record.read_text())
    assert after["identity"] != before["identity"]
    assert after["command"] == before["command"]


def test_restarting_an_unknown_name_says_which_there_are(supervisor: Supervisor) -> None:
    supervisor.ensure("sleeper", SLEEPER)
    with pytest.raises(ClusterError, match="there are: sleeper"):
        supervisor.restart("sleper")


def test_an_ended_process_has_no_identity(stranger: subprocess.Popen[bytes]) -> None:
    found = identify(stranger.pid)
    assert found is not None
    assert asdict(found)["pid"] == stranger.pid
    stranger.kill()
    wait_until(lambda: identify(stranger.pid) is None, seconds=30, what="the process to end")
