"""Taking away all of a cluster, whatever state it is in: by what the kernel knows, not by what we noted."""

import contextlib
import os
import shutil
import signal
from pathlib import Path

from tools.cluster.errors import ClusterError
from tools.cluster.layout import Layout
from tools.cluster.machine.mounts import detach, mounts_below
from tools.cluster.machine.processes import Supervisor, command_lines
from tools.cluster.node import cgroups, network
from tools.cluster.progress import step
from tools.cluster.waiting import wait_until

CNI_RESULTS = Path("/var/lib/cni/results")
CONTAINER_LOGS = Path("/var/log/containers")
KILL_SECONDS = 20.0


def remove_all(layout: Layout, supervisor: Supervisor) -> None:
    """Kill its processes, undo its mounts, namespaces and control groups, and delete its folders."""
    with step("stop the cluster"):
        namespaces = _namespaces(layout, supervisor)
        # kubelet first, or it starts again what is killed below.
        for name in ("kubelet", *supervisor.names()):
            supervisor.stop(name, grace=0)
        wait_until(
            lambda: not _killed(layout, namespaces),
            seconds=KILL_SECONDS,
            what="the cluster's processes to end",
        )
        _unmount_below(layout.run, layout.data)
        sandboxes = _shim_sockets(layout)
        network.remove(layout)
        cgroups.remove(layout.cgroup)
        for path in sandboxes:
            path.unlink(missing_ok=True)
        _delete_shared_traces(layout)
        for folder in (layout.run, layout.data, layout.state):
            if folder.exists():
                shutil.rmtree(folder)


def _namespaces(layout: Layout, supervisor: Supervisor) -> set[int]:
    """The network namespaces that are ours: by name, and by who lives in them where the name is lost.

    A noted number would not do: the kernel gives it to another namespace as soon as ours is gone.
    """
    ours = [identity.pid for identity in supervisor.living()]
    shims = [pid for pid, words in command_lines() if str(layout.containerd_socket) in words]
    found = {network.namespace_inode(layout), *(_namespace_of(pid) for pid in (*ours, *shims))}
    return {inode for inode in found if inode is not None} - {_namespace_of(os.getpid())}


def _killed(layout: Layout, namespaces: set[int]) -> set[int]:
    """Send SIGKILL to everything in the cluster's namespaces and control group; what there was to kill."""
    found = {pid for pid, _ in command_lines() if _namespace_of(pid) in namespaces}
    found |= cgroups.processes(layout.cgroup)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return found


def _namespace_of(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:
        return None


def _unmount_below(*folders: Path) -> None:
    for point in mounts_below(*folders):
        with contextlib.suppress(OSError):  # gone with the one that it was stacked on
            detach(point)
    if left := mounts_below(*folders):
        raise ClusterError(f"{left[0]} cannot be unmounted; see what uses it with `fuser -vm {left[0]}`")


def _shim_sockets(layout: Layout) -> list[Path]:
    """containerd's shims listen outside its folders; each notes where in its bundle."""
    notes = (layout.run / "containerd").glob("io.containerd.runtime.v2.task/*/*/address")
    addresses = [note.read_text().strip().removeprefix("unix://") for note in notes]
    return [Path(address) for address in addresses if address.startswith("/run/containerd/s/")]


def _delete_shared_traces(layout: Layout) -> None:
    for path in CNI_RESULTS.glob(f"{layout.namespace}-*-eth0"):
        sandbox = path.name.removeprefix(f"{layout.namespace}-").removesuffix("-eth0")
        (CNI_RESULTS / f"cni-loopback-{sandbox}-lo").unlink(missing_ok=True)
        path.unlink()
    if CONTAINER_LOGS.exists():
        for path in CONTAINER_LOGS.iterdir():
            if path.is_symlink() and path.readlink().is_relative_to(layout.data):
                path.unlink()
