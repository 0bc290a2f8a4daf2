"""A node that the control plane does not reach, and that comes back: never two beats, never two Redis.

A second node has no machine. It only keeps its Lease: a control plane that loses all its nodes at once takes
itself for what is lost, and evicts nothing.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from tools.cluster.layout import this_checkout
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import Shop, celery_deployment

from tests.e2e.parts.test_managed_redis import PARK, PARKED, in_a_worker, in_redis, is_ready

# The node controller waits for 40 to 50 s, and the operator for the grace period and half a minute more.
NODE_LOST_WITHIN = 180
BACK_WITHIN = 120

# At once, instead of after Kubernetes' usual five minutes.
EVICTED_AT_ONCE = {
    "spec": {
        "tolerations": [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}
            for key in ("node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready")
        ]
    }
}


LEASES = "kube-node-lease"
OTHER = "node-without-a-machine"


class OtherNode:
    """A node that is Ready for as long as its Lease is renewed. No pod is placed on it."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def create(self) -> None:
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": OTHER},
            "spec": {"unschedulable": True},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }
        self._kube.apply(LEASES, node, self._lease())
        self._kube.until("the other node is Ready", self._is_ready, timeout=60)

    def renew(self) -> None:
        self._kube.apply(LEASES, self._lease())

    def delete(self) -> None:
        self._kube.run("delete", "node", OTHER)

    def _lease(self) -> Object:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": OTHER},
            "spec": {"holderIdentity": OTHER, "leaseDurationSeconds": 40, "renewTime": now},
        }

    def _is_ready(self) -> bool:
        self.renew()
        node = self._kube.get(LEASES, "node", OTHER) or {}
        taints = [one["key"] for one in node.get("spec", {}).get("taints", ())]
        return "node.kubernetes.io/not-ready" not in taints


@contextmanager
def other_node(kube: Kube) -> Iterator[OtherNode]:
    """The second node, until the block ends."""
    node = OtherNode(kube)
    try:
        node.create()
        yield node
    finally:
        node.delete()


@contextmanager
def unreachable_kubelet() -> Iterator[None]:
    """The kubelet stands still, as seen from the control plane behind a partition. Its containers run on."""
    root = f"--root-dir={this_checkout().data / 'kubelet'}"
    (pid,) = (pid for pid in _pids() if root in _command_line(pid))
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _command_line(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


class Pods:
    """The pods of a part, at every reading: more than one at a time would be two."""

    def __init__(self, shop: Shop, component: str) -> None:
        self._shop = shop
        self._selector = f"app.kubernetes.io/instance=shop,app.kubernetes.io/component={component}"
        self.most = 0

    def read(self) -> list[Object]:
        found = self._shop.kube.list(self._shop.namespace, "pods", self._selector)
        self.most = max(self.most, len(found))
        return found

    def is_leaving(self) -> bool:
        return any("deletionTimestamp" in pod["metadata"] for pod in self.read())

    def are_ready_and_not(self, uid: str) -> bool:
        return [pod["metadata"]["uid"] != uid and is_ready(pod) for pod in self.read()] == [True]


@pytest.mark.timeout(900)
@pytest.mark.disruptive
def test_beat_and_redis_on_a_lost_node_are_never_two_and_keep_every_message(
    kube: Kube, namespace: str
) -> None:
    shop = Shop(kube, namespace)
    shop.apply(
        celery_deployment(
            broker={"managed": {"memory": "64mb", "template": EVICTED_AT_ONCE}},
            resultBackend={"managed": {}},
            beat={"enabled": True, "template": EVICTED_AT_ONCE},
        )
    )
    shop.wait_ready(timeout=150)
    shop.wait_condition("BeatHealthy", "True", "ticks", timeout=90)
    in_a_worker(shop, PARK)
    parts = [Pods(shop, "beat"), Pods(shop, "redis")]
    before = [part.read()[0]["metadata"]["uid"] for part in parts]

    with other_node(kube) as other, unreachable_kubelet():

        def are_leaving() -> bool:
            other.renew()
            leaving = [part.is_leaving() for part in parts]
            return all(leaving)

        kube.until("the pods are being deleted", are_leaving, timeout=NODE_LOST_WITHIN, interval=1)

        def reported() -> bool:
            other.renew()
            for part in parts:
                part.read()
            return shop.condition("BeatHealthy").get("reason") == "NodeLost"

        kube.until("the status names the lost node", reported, timeout=NODE_LOST_WITHIN, interval=1)
        # The old pods are still there, and nothing has taken their places.
        assert [[pod["metadata"]["uid"] for pod in part.read()] for part in parts] == [
            [uid] for uid in before
        ]

    for part, uid in zip(parts, before, strict=True):
        kube.until("a new pod", partial(part.are_ready_and_not, uid), timeout=BACK_WITHIN)
    assert [part.most for part in parts] == [1, 1], json.dumps(shop.status(), indent=1)
    assert in_redis(shop, "LLEN", "parked") == str(PARKED)
    shop.wait_condition("BeatHealthy", "True", "ticks", timeout=BACK_WITHIN)
    shop.wait_ready(timeout=BACK_WITHIN)
