"""Steps run beside each other, and one that fails stops the programs of the others."""

import os
import subprocess
import threading

import pytest
from tools.cluster.errors import ClusterError
from tools.cluster.lanes import lanes
from tools.cluster.machine.processes import with_command
from tools.cluster.machine.shell import run
from tools.testbed.waiting import wait_for

SLEEP = ["sleep", f"86401.{os.getpid()}"]


def fail() -> None:
    raise ClusterError("no")


def test_steps_run_at_the_same_time_and_give_their_results() -> None:
    both = threading.Barrier(2, timeout=10)
    with lanes() as beside:
        steps = [beside.start(both.wait), beside.start(both.wait)]
        assert sorted(beside.join(step) for step in steps) == [0, 1]


def test_a_failure_is_raised_while_another_step_is_still_waited_for() -> None:
    def fail_beside_it() -> None:
        wait_for(lambda: with_command(SLEEP))
        fail()

    def wait_for_the_slow_step() -> None:
        with lanes() as beside:
            slow = beside.start(lambda: run(SLEEP))
            beside.start(fail_beside_it)
            beside.join(slow)

    with pytest.raises(ClusterError, match="no"):
        wait_for_the_slow_step()
    wait_for(lambda: not with_command(SLEEP))


@pytest.mark.parametrize("problem", [ClusterError, KeyboardInterrupt])
def test_no_program_is_left_when_the_block_ends_with_an_error(problem: type[BaseException]) -> None:
    words = ["sleep", f"86402.{os.getpid()}"]

    def end_early() -> None:
        with lanes() as beside:
            beside.start(lambda: run(["sh", "-c", f"{' '.join(words)}; true"]))
            wait_for(lambda: with_command(words))
            raise problem

    with pytest.raises(problem):
        end_early()
    wait_for(lambda: not with_command(words))


def test_a_daemon_outlives_the_failure() -> None:
    daemon = subprocess.Popen(["sleep", "86403"], start_new_session=True)
    try:
        with pytest.raises(ClusterError), lanes() as beside:
            beside.join(beside.start(fail))
        assert daemon.poll() is None
    finally:
        daemon.kill()
        daemon.wait()
