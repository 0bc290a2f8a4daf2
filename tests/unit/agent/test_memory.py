"""Resident memory from /proc."""

import os
import subprocess
import sys

from celery_probe.agent.memory import resident_bytes, resident_bytes_of_all


def test_a_living_process_has_memory_and_an_ended_one_has_none() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        both = resident_bytes_of_all([os.getpid(), child.pid])
        own = resident_bytes(os.getpid())
        child.communicate()
    assert own is not None
    assert both > own > 1_000_000
    assert resident_bytes(child.pid) is None
    assert resident_bytes_of_all([child.pid]) == 0
