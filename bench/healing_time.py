"""From a fault until tasks run again: our worker beside one with an exec probe of ``celery inspect ping``.

The peer is a plain Deployment with the probe settings of Airflow's chart: every 60 s, 5 failures, 20 s each.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from tools.testbed.faults import signal_main
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import BROKER_URL, RESTRICTED, RESULT_URL, Shop, celery_deployment, group

from bench.cluster import connect, namespace
from bench.report import Figure, say

IMAGE = "celery-operator/example:celery-5.3.6"
OURS, PEER = "ours", "peer"
LIMIT_SECONDS = 480.0
MOST_RESTARTS = 8
PROBE_SECONDS = 20.0
"""A task that has not run this long after it was sent shows that no worker takes it."""


@dataclass(frozen=True, slots=True)
class Healed:
    """Seconds from the fault until a task sent after it was done; the limit where none was."""

    ours: float
    peer: float


def measure(quick: bool) -> list[Figure]:
    """A stopped main process, and the deafness of Celery 5.3.6 after restarts of Redis."""
    limit = 90.0 if quick else LIMIT_SECONDS
    kube = connect()
    with namespace(kube) as name:
        shop = Shop(kube, name)
        shop.start()
        shop.apply(celery_deployment(OURS, image=IMAGE, workers=[group(OURS, gracePeriodSeconds=30)]))
        kube.apply(name, _peer())
        shop.wait_ready(OURS)
        _until_served(shop, 120)
        stopped = _healing(shop, _stop_both, limit)
        say(f"  STOP: {stopped}")
        _until_served(shop, LIMIT_SECONDS)
        deaf = _healing(shop, _deafen_both, limit)
        say(f"  deaf: {deaf}")
    return [
        *_figures("main process stopped (SIGSTOP)", stopped, limit),
        *_figures("deaf after restarts of Redis (Celery 5.3.6)", deaf, limit),
    ]


def _figures(what: str, healed: Healed, limit: float) -> list[Figure]:
    never = f"not within {limit:g} s, when the measurement ended" if healed.peer >= limit else ""
    return [
        Figure(f"{what}: time until tasks run again, this operator", healed.ours, "s", at_most=60),
        Figure("the same, exec probe with `inspect ping`", healed.peer, "s", how=never),
    ]


def _healing(shop: Shop, fault: Callable[[Shop], None], limit: float) -> Healed:
    fault(shop)
    began = time.monotonic()
    sent = {queue: shop.send("shop.tasks.place_order", 1, queue=queue)[0] for queue in (OURS, PEER)}
    healed: dict[str, float] = {}
    while len(healed) < len(sent) and time.monotonic() - began < limit:
        for queue in _done(shop, sent) - healed.keys():
            healed[queue] = time.monotonic() - began
        time.sleep(0.5)
    return Healed(healed.get(OURS, limit), healed.get(PEER, limit))


def _done(shop: Shop, sent: dict[str, str]) -> set[str]:
    """The queues whose task has a result."""
    keys = {queue: f"celery-task-meta-{task}" for queue, task in sent.items()}
    return {queue for queue, key in keys.items() if shop.redis("-n", "1", "EXISTS", key).strip() == "1"}


def _until_served(shop: Shop, timeout: float) -> None:
    """Wait until a task runs on both sides."""
    for queue in (OURS, PEER):
        sent = shop.send("shop.tasks.place_order", 0, queue=queue)
        shop.results(sent, timeout=timeout)


def _stop_both(shop: Shop) -> None:
    for pod in (*shop.pods(OURS, OURS), *_peer_pods(shop.kube, shop.namespace)):
        signal_main(pod, "worker", signal.SIGSTOP)


def _deafen_both(shop: Shop) -> None:
    """Restart Redis until neither side takes a task any more."""
    for _ in range(MOST_RESTARTS):
        shop.restart_redis()
        sent = {queue: shop.send("shop.tasks.place_order", 2, queue=queue)[0] for queue in (OURS, PEER)}
        deadline = time.monotonic() + PROBE_SECONDS
        while time.monotonic() < deadline and len(_done(shop, sent)) < len(sent):
            time.sleep(0.5)
        served = _done(shop, sent)
        say(f"  after a restart of Redis tasks run on: {', '.join(sorted(served)) or 'neither'}")
        if not served:
            return


def _peer_pods(kube: Kube, name: str) -> list[Object]:
    return [
        pod for pod in kube.list(name, "pods", f"app={PEER}") if "deletionTimestamp" not in pod["metadata"]
    ]


def _peer() -> Object:
    ping = "celery -A shop.celery inspect ping -d celery@$HOSTNAME --timeout 10"
    container = {
        "name": "worker",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["celery", "-A", "shop.celery", "worker", "-Q", PEER, "-c", "2", "-n", "celery@%h"],
        "env": [
            {"name": "CELERY_BROKER_URL", "value": BROKER_URL},
            {"name": "CELERY_RESULT_BACKEND", "value": RESULT_URL},
        ],
        "securityContext": RESTRICTED,
        "livenessProbe": {
            "exec": {"command": ["sh", "-c", ping]},
            "initialDelaySeconds": 10,
            "timeoutSeconds": 20,
            "failureThreshold": 5,
            "periodSeconds": 60,
        },
    }
    labels = {"app": PEER}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": PEER},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
