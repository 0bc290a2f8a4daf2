"""Follows the worker Deployments of a namespace with ``kubectl get --watch``."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tools.scale_soak.timeline import Seen, of, parse, sizes
from tools.testbed.kube import Kube, KubeError
from tools.testbed.shop import Shop
from tools.testbed.waiting import wait_for

SELECTOR = "app.kubernetes.io/component=worker"
LINE = '{.metadata.name} {.spec.replicas} {.status.replicas}{"\\n"}'
AGAIN_SECONDS = 0.5
SHOP = "shop-default"
"""The Deployment of the group and the resource that tests have if they have only one."""


class DeploymentWatch:
    """Every change since it began; ``of`` may be asked at any time."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._command = kube.command(
            "-n", namespace, "get", "deployments", "-l", SELECTOR, "--watch", "-o", f"jsonpath={LINE}"
        )
        self._seen: list[Seen] = []
        self._ending = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread(target=self._follow, name="watch")

    def of(self, name: str) -> list[Seen]:
        """What was seen of one Deployment so far."""
        return of(list(self._seen), name)

    @property
    def following(self) -> bool:
        """Whether it still reads."""
        return self._reader.is_alive()

    def start(self) -> None:
        """Begin; the present state comes first."""
        self._reader.start()

    def stop(self) -> None:
        """End it."""
        self._ending.set()
        if self._process:
            self._process.terminate()
        self._reader.join()

    def _follow(self) -> None:
        # The API server ends a watch after half an hour or more: each new one begins with the present state.
        while not self._ending.is_set():
            with subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as process:
                self._process = process
                if self._ending.is_set():
                    process.terminate()
                assert process.stdout is not None
                for line in process.stdout:
                    if seen := parse(line, time.monotonic()):
                        self._seen.append(seen)
            self._ending.wait(AGAIN_SECONDS)


@contextmanager
def watching(kube: Kube, namespace: str) -> Iterator[DeploymentWatch]:
    """A watch for as long as the block lasts."""
    watch = DeploymentWatch(kube, namespace)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def wait_zero(watch: DeploymentWatch, shop: Shop, timeout: float) -> None:
    """Wait until the shop's one group wants no pod, and none is there."""

    def at_zero() -> bool:
        seen = watch.of(SHOP)
        return bool(seen) and (seen[-1].desired, seen[-1].existing) == (0, 0) and not shop.pods()

    wait_for(
        lambda: attempted(at_zero),
        timeout,
        lambda: f"zero pods; desired were {sizes(watch.of(SHOP))}",
        interval=0.5,
    )


def attempted(check: Callable[[], bool]) -> bool:
    """What the check says; a kubectl that failed counts as no."""
    try:
        return check()
    except (KubeError, json.JSONDecodeError):
        return False
