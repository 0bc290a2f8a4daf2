"""Faults of a namespace's Redis: each is a context that makes the fault for real, and always ends it."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Self

from tools.testbed import faults
from tools.testbed.kube import Object
from tools.testbed.shop import REDIS_IMAGE, REDIS_LOOP, Shop, pod

PORT = 6379
NEW_PASSWORD = "rotated"
SPARE = "redis-spare"


def redis_pod(shop: Shop) -> Object:
    """The pod of the faulty Redis."""
    found = shop.kube.get(shop.namespace, "pod", "redis")
    assert found is not None
    return found


@contextmanager
def away(shop: Shop) -> Iterator[None]:
    """The server is shut down."""
    shop.stop_redis()
    try:
        yield
    finally:
        shop.start_redis()


@contextmanager
def killed(shop: Shop) -> Iterator[None]:
    """The server is killed and stays away; its data is what its append-only file holds."""
    shop.redis_shell("touch /data/stopped")
    os.kill(faults.named_process(redis_pod(shop), "redis", "redis-server"), signal.SIGKILL)
    try:
        yield
    finally:
        shop.start_redis()


@contextmanager
def hanging(shop: Shop) -> Iterator[None]:
    """The server is stopped by a signal: it accepts connections and answers nothing."""
    with faults.stopped(redis_pod(shop), "redis", "redis-server"):
        yield


@contextmanager
def cut_off(shop: Shop) -> Iterator[None]:
    """Packets between the server and every other pod are dropped."""
    with faults.cut_off(redis_pod(shop), "redis", PORT):
        yield


@contextmanager
def password_rotated(shop: Shop) -> Iterator[None]:
    """The server requires a password that no client knows, and has closed all connections."""
    shop.redis("CONFIG", "SET", "requirepass", NEW_PASSWORD)
    shop.redis("--no-auth-warning", "-a", NEW_PASSWORD, "CLIENT", "KILL", "TYPE", "normal")
    try:
        yield
    finally:
        shop.redis("--no-auth-warning", "-a", NEW_PASSWORD, "CONFIG", "SET", "requirepass", "")


@contextmanager
def full(shop: Shop) -> Iterator[None]:
    """maxmemory is reached, and nothing may be evicted."""
    shop.redis("CONFIG", "SET", "maxmemory", "1")
    try:
        yield
    finally:
        shop.redis("CONFIG", "SET", "maxmemory", "0")


@contextmanager
def read_only(shop: Shop) -> Iterator[None]:
    """The server is the replica of one that does not answer."""
    # No pod has this address, so what the server holds is never replaced.
    shop.redis("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        shop.redis("REPLICAOF", "NO", "ONE")


@contextmanager
def failing_over(shop: Shop) -> Iterator[None]:
    """A replica is there; at the end it is promoted, the Service leads to it, and the old server is gone.

    Afterwards ``shop.redis`` speaks to a pod that is gone: let it be the last fault of a test.
    """
    shop.kube.apply(shop.namespace, pod(SPARE, REDIS_IMAGE, ["sh", "-c", REDIS_LOOP], port=PORT))

    def on_spare(*words: str) -> str:
        return shop.kube.execute(shop.namespace, SPARE, "redis-cli", *words)

    old = redis_pod(shop)
    shop.kube.until("the spare server", lambda: on_spare("PING").strip() == "PONG")
    on_spare("REPLICAOF", old["status"]["podIP"], str(PORT))
    shop.kube.until(
        "the spare server in step",
        lambda: "master_link_status:up" in on_spare("INFO", "replication"),
    )
    with faults.stopped(old, "redis", "redis-server"):
        yield
        on_spare("REPLICAOF", "NO", "ONE")
        shop.kube.patch(shop.namespace, "service", "redis", {"spec": {"selector": {"app": SPARE}}})
    shop.kube.run("-n", shop.namespace, "delete", "pod", "redis", "--grace-period=1", "--wait=true")


@dataclass(frozen=True, slots=True)
class BrokerFault:
    """One fault and the reasons with which BrokerReachable may report it."""

    name: str
    make: Callable[[Shop], AbstractContextManager[None]]
    reasons: frozenset[str]
    ends_celery: bool = False
    """Whether Celery itself ends of it, and the kubelet has to start it again, later each time."""


# The pod of a server that is away is not ready, so its Service refuses, or forgets to answer for a moment.
_REFUSED = frozenset({"ConnectionRefused", "TimedOut"})
_SILENT = frozenset({"TimedOut"})

BROKER_FAULTS = (
    BrokerFault("stop", away, _REFUSED),
    BrokerFault("kill -9", killed, _REFUSED),
    BrokerFault("STOP", hanging, _SILENT),
    BrokerFault("packet drop", cut_off, _SILENT),
    BrokerFault("wrong password", password_rotated, frozenset({"AuthenticationFailed"})),
    BrokerFault("maxmemory", full, frozenset({"OutOfMemory"})),
    # To kombu the errors of a replica are none of the connection, so the worker ends with a traceback.
    BrokerFault("read-only replica", read_only, frozenset({"ReadOnly"}), ends_celery=True),
    BrokerFault("failover", failing_over, _SILENT),
)
BY_NAME: Mapping[str, BrokerFault] = {fault.name: fault for fault in BROKER_FAULTS}


@dataclass(frozen=True, slots=True)
class Restarts:
    """What happened to workers so far. ``containers``: all restarts by pod and container."""

    pods: frozenset[str]
    evictions: int
    by_liveness: int
    containers: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, shop: Shop, groups: Sequence[str]) -> Self:
        """As things stand now."""
        pods = [one for name in groups for one in shop.pods(name)]
        killed = [
            event.get("count", 1)
            for event in shop.kube.list(shop.namespace, "events")
            if event["reason"] == "Killing" and "failed liveness probe" in event["message"]
        ]
        return cls(
            frozenset(one["metadata"]["uid"] for one in pods),
            shop.status().get("restarts", {}).get("total", 0),
            sum(killed),
            {
                (one["metadata"]["name"], status["name"]): status["restartCount"]
                for one in pods
                for status in one["status"].get("containerStatuses", [])
                + one["status"].get("initContainerStatuses", [])
            },
        )

    def ordered(self) -> tuple[frozenset[str], int, int]:
        """Without the containers whose process ended by itself."""
        return self.pods, self.evictions, self.by_liveness
