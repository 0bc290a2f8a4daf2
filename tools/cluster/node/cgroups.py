"""The control group that a cluster's pods live in, below every hierarchy that is mounted."""

import contextlib
import shutil
from pathlib import Path

from tools.cluster.waiting import wait_until

MOUNT = Path("/sys/fs/cgroup")
CPUSET_FILES = ("cpuset.cpus", "cpuset.mems")


def hierarchies() -> list[Path]:
    """The mounted hierarchies: one with cgroup v2, one per controller with v1."""
    if (MOUNT / "cgroup.controllers").exists():
        return [MOUNT]
    return sorted({path.resolve() for path in MOUNT.iterdir() if (path / "cgroup.procs").exists()})


def create(name: str) -> None:
    """Make the group everywhere, with all controllers and processors of its parent."""
    if hierarchies() == [MOUNT]:
        controllers = (MOUNT / "cgroup.controllers").read_text().split()
        (MOUNT / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in controllers))
    for hierarchy in hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
        # A v1 cpuset starts empty, and nothing can run in an empty one.
        for file in CPUSET_FILES:
            own = hierarchy / name / file
            if hierarchy != MOUNT and own.exists() and not own.read_text().strip():
                shutil.copyfile(hierarchy / file, own)


def processes(name: str) -> set[int]:
    """The processes in the group and everything below it."""
    found: set[int] = set()
    for hierarchy in hierarchies():
        for file in (hierarchy / name).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                found.update(int(number) for number in file.read_text().split())
    return found


def remove(name: str) -> None:
    """Remove the group and everything below it, once its killed processes have left."""
    for hierarchy in hierarchies():
        root = hierarchy / name
        if root.exists():
            wait_until(lambda root=root: _removed(root), seconds=10, what=f"{root} to empty")  # type: ignore[misc]


def _removed(root: Path) -> bool:
    below = sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True)
    try:
        for path in [*below, root]:
            path.rmdir()
    except OSError:
        return False
    return True
