"""How long it takes from ``kubectl apply`` of a CeleryDeployment until all its pods are Ready."""

import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from tools.testbed.kube import Kube
from tools.testbed.shop import celery_deployment, group

from bench.cluster import connect, namespace
from bench.errors import BenchError
from bench.report import Figure, say

NAME = "ready"
GROUPS = ("orders", "mail")
REPLICAS = 2
SELECTOR = f"app.kubernetes.io/instance={NAME}"
LIMIT_SECONDS = 120.0
READY = '{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}'


def measure(quick: bool) -> list[Figure]:
    """Apply, wait, delete, again and again in one namespace with a Redis that is up."""
    repetitions = 1 if quick else 5
    kube = connect()
    with namespace(kube) as name:
        # The first one is not counted: it brings the images and the file cache of the node up to date.
        _once(kube, name)
        seconds = [_once(kube, name) for _ in range(repetitions)]
    pods = f"{len(GROUPS)} groups of {REPLICAS}, images present, {repetitions} times after one uncounted"
    return [
        Figure(
            "`kubectl apply` until all pods are Ready, median", median(seconds), "s", at_most=10, how=pods
        ),
        Figure("the same, worst", max(seconds), "s", at_most=10),
    ]


def _once(kube: Kube, name: str) -> float:
    groups = [group(each, replicas=REPLICAS, gracePeriodSeconds=2) for each in GROUPS]
    with _readiness(kube, name) as lines:
        began = time.monotonic()
        kube.apply(name, celery_deployment(NAME, workers=groups))
        seconds = _all_ready(lines) - began
    say(f"  {seconds:.1f} s")
    kube.run("-n", name, "delete", "celerydeployment", NAME, timeout=90)
    kube.until("the worker pods are gone", lambda: not kube.list(name, "pods", SELECTOR), 90)
    return seconds


def _all_ready(lines: "queue.SimpleQueue[tuple[float, str]]") -> float:
    """When the last of the pods became Ready."""
    ready: set[str] = set()
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        try:
            when, line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise BenchError(
                f"After {LIMIT_SECONDS:g} s {len(ready)} pods were Ready: {sorted(ready)}."
            ) from None
        pod, _, status = line.partition(" ")
        if status == "True":
            ready.add(pod)
        else:
            ready.discard(pod)
        if len(ready) == len(GROUPS) * REPLICAS:
            return when


@contextmanager
def _readiness(kube: Kube, name: str) -> "Iterator[queue.SimpleQueue[tuple[float, str]]]":
    """Each change of a worker pod with the time at which kubectl's watch showed it."""
    command = kube.command("-n", name, "get", "pods", "-l", SELECTOR, "--watch", "-o", f"jsonpath={READY}")
    lines: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()

    def follow(watch: "subprocess.Popen[str]") -> None:
        assert watch.stdout is not None
        for line in watch.stdout:
            lines.put((time.monotonic(), line.strip()))

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        reader = threading.Thread(target=follow, args=(watch,))
        reader.start()
        try:
            yield lines
        finally:
            watch.terminate()
            reader.join()
