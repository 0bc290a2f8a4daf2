"""The measurement of the agent's cost keeps to one core, and leaves the others to what is measured next."""

import os

from bench.agent_cost import _on_core


def test_the_process_has_all_its_cores_again_afterwards() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    with _on_core(core):
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before
