"""A memory cgroup for a process that a test starts; making one needs root."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tools.testbed.waiting import wait_for

ROOT = Path("/sys/fs/cgroup")
VERSION_1 = ROOT / "memory"


@contextmanager
def limited_memory(limit: int) -> Iterator[tuple[str, ...]]:
    """The launcher of a command that may use ``limit`` bytes of memory."""
    parent = VERSION_1 if VERSION_1.is_dir() else ROOT
    cgroup = parent / f"celery-test-{uuid4().hex[:8]}"
    if parent is ROOT:
        (ROOT / "cgroup.subtree_control").write_text("+memory")
    cgroup.mkdir()
    try:
        name = "memory.limit_in_bytes" if parent is VERSION_1 else "memory.max"
        (cgroup / name).write_text(str(limit))
        yield ("sh", "-c", 'echo $$ > "$0" && exec "$@"', str(cgroup / "cgroup.procs"))
    finally:
        wait_for(lambda: not (cgroup / "cgroup.procs").read_text(), 20, "the cgroup is empty")
        cgroup.rmdir()
