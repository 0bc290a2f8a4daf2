"""Faults made for real: signals to processes in containers, packets dropped, and faults inside a worker.

What a fault changes outside its own container is undone when its context ends.
"""

import ipaddress
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.testbed.kube import Object
from tools.testbed.shop import Shop, celery_deployment, group

MODULE = Path(__file__).parent / "celery_faults.py"
CONFIG_MAP = "celery-faults"
MOUNT = "/faults"
COMMAND = "/tmp/celery-fault"
INCLUDE = "--include=celery_faults"
TAKEN_SECONDS = 20


def modules() -> dict[str, str]:
    """The Python modules that make faults inside a worker, by file name."""
    return {MODULE.name: MODULE.read_text()}


def deployment_with_faults(name: str = "shop", **spec: Any) -> tuple[Object, Object]:
    """(ConfigMap, CeleryDeployment) of a shop in whose workers ``inject`` can make faults.

    Takes what ``celery_deployment`` takes: ``kube.apply(namespace, *deployment_with_faults(...))``.
    """
    workers = [
        {**worker, "args": [*worker.get("args", []), INCLUDE]} for worker in spec.pop("workers", [group()])
    ]
    configuration = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CONFIG_MAP},
        "data": modules(),
    }
    deployment = celery_deployment(
        name,
        workers=workers,
        env=[{"name": "PYTHONPATH", "value": MOUNT}, *spec.pop("env", [])],
        volumes=[{"name": "faults", "configMap": {"name": CONFIG_MAP}}, *spec.pop("volumes", [])],
        volumeMounts=[{"name": "faults", "mountPath": MOUNT}, *spec.pop("volumeMounts", [])],
        **spec,
    )
    return configuration, deployment


def inject(shop: Shop, pod: str, fault: str) -> None:
    """Make a fault of ``celery_faults`` inside the pod's worker; returns when it has taken the order."""
    ticks = TAKEN_SECONDS * 10
    script = (
        f"echo {shlex.quote(fault)} > {COMMAND}.new && mv {COMMAND}.new {COMMAND}; "
        f"for tick in $(seq {ticks}); do [ -e {COMMAND} ] || exit 0; sleep 0.1; done; "
        f"rm -f {COMMAND}; echo 'the worker did not take the order: is celery_faults included?' >&2; exit 1"
    )
    shop.kube.execute(shop.namespace, pod, "sh", "-c", script, container="worker")


def container_id(pod: Object, container: str) -> str:
    """The runtime's id of a running container, without its scheme."""
    statuses = pod["status"].get("containerStatuses", []) + pod["status"].get("initContainerStatuses", [])
    status = next(status for status in statuses if status["name"] == container)
    return str(status["containerID"]).rpartition("://")[2]


def processes(pod: Object, container: str) -> Iterator[tuple[int, int]]:
    """(pid on the node, pid inside the container) of each process of the container."""
    wanted = container_id(pod, container)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if wanted not in (entry / "cgroup").read_text():
                continue
            inner = _namespaced_pid((entry / "status").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(entry.name), inner


def main_process(pod: Object, container: str) -> int:
    """The pid on the node of the container's first process."""
    return next(outer for outer, inner in processes(pod, container) if inner == 1)


def named_process(pod: Object, container: str, program: str) -> int:
    """The pid on the node of the container's process that runs the program."""
    for outer, _ in processes(pod, container):
        if Path(f"/proc/{outer}/comm").read_text().strip() == program[:15]:
            return outer
    raise LookupError(f"no {program} runs in {pod['metadata']['name']}/{container}")


def signal_main(pod: Object, container: str, number: signal.Signals) -> None:
    """Signal the container's first process from outside, where even STOP and KILL reach it."""
    os.kill(main_process(pod, container), number)


@contextmanager
def stopped(pod: Object, container: str, program: str) -> Iterator[None]:
    """The program hangs: its connections stay open, and nothing is answered."""
    pid = named_process(pod, container, program)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def cut_off(pod: Object, container: str, port: int) -> Iterator[None]:
    """Every packet between other pods and this pod's port is dropped; the kubelet still reaches it."""
    network = pods_of(pod)
    with _filtered(
        main_process(pod, container),
        [
            ["INPUT", "-p", "tcp", "-s", network, "--dport", str(port), "-j", "DROP"],
            ["OUTPUT", "-p", "tcp", "-d", network, "--sport", str(port), "-j", "DROP"],
            # The node's own address among the pods, from which the kubelet probes.
            ["INPUT", "-s", gateway_of(pod), "-j", "ACCEPT"],
            ["OUTPUT", "-d", gateway_of(pod), "-j", "ACCEPT"],
        ],
    ):
        yield


@contextmanager
def new_connections_dropped(pod: Object, container: str, port: int) -> Iterator[None]:
    """No pod can connect to this pod's port; connections that stand go on."""
    with _filtered(
        main_process(pod, container),
        [
            ["INPUT", "-p", "tcp", "--syn", "-s", pods_of(pod), "--dport", str(port), "-j", "DROP"],
            ["INPUT", "-s", gateway_of(pod), "-j", "ACCEPT"],
        ],
    ):
        yield


@contextmanager
def half_open(pod: Object, container: str, port: int) -> Iterator[None]:
    """The connections that the container has to a port now fall silent; new ones work."""
    pid = main_process(pod, container)
    local_ports = [str(local) for local in connections_to(pid, port)]
    assert local_ports, f"{pod['metadata']['name']}/{container} has no connection to port {port}"
    there = [["OUTPUT", "-p", "tcp", "--sport", local, "--dport", str(port)] for local in local_ports]
    back = [["INPUT", "-p", "tcp", "--sport", str(port), "--dport", local] for local in local_ports]
    with _filtered(pid, [[*rule, "-j", "DROP"] for rule in there + back]):
        yield


def connections_to(pid: int, port: int) -> list[int]:
    """The local ports of a process's established TCP connections to a remote port."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    found = []
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            remote = int(words[2].rpartition(":")[2], 16)
            if remote == port and words[3] == "01" and f"socket:[{words[9]}]" in inodes:
                found.append(int(words[1].rpartition(":")[2], 16))
    return found


def pods_of(pod: Object) -> str:
    """The addresses of the local node's pods: the /18 that the pod is in (tools/cluster/node/network.py)."""
    return str(_network_of(pod))


def gateway_of(pod: Object) -> str:
    """The node's address among its pods: the first."""
    return str(next(_network_of(pod).hosts()))


def _network_of(pod: Object) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(f"{pod['status']['podIP']}/18", strict=False)


@contextmanager
def _filtered(pid: int, rules: list[list[str]]) -> Iterator[None]:
    """Put the rules first in the network namespace of the process; the last one given is the very first."""
    made: list[list[str]] = []
    # Its own handle on the namespace: the process may end before the rules are taken away.
    with Path(f"/proc/{pid}/ns/net").open() as namespace:
        enter = ["nsenter", f"--net=/proc/self/fd/{namespace.fileno()}", "iptables", "-w"]

        def iptables(action: str, rule: list[str]) -> None:
            subprocess.run(
                [*enter, action, *rule],
                check=True,
                capture_output=True,
                pass_fds=[namespace.fileno()],
                timeout=20,
            )

        try:
            for rule in rules:
                iptables("-I", rule)
                made.append(rule)
            yield
        finally:
            for rule in made:
                iptables("-D", rule)


def _namespaced_pid(status: str) -> int:
    line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return int(line.split()[-1])
