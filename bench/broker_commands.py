"""How many commands a reconcile of the operator costs the broker, with one worker and with several."""

import subprocess
import threading
import time
from collections import Counter

from tools.testbed.kube import Kube
from tools.testbed.shop import celery_deployment, group

from bench.cluster import connect, leading_operator, namespace
from bench.errors import BenchError
from bench.report import Figure

NAME = "reconcile"
FEW, MANY = 1, 6


def measure(quick: bool) -> list[Figure]:
    """Watch the broker with MONITOR while nothing else happens, before and after scaling."""
    seconds = 15.0 if quick else 60.0
    kube = connect()
    with namespace(kube) as name:
        workers = [group(pool="solo", concurrency=1, gracePeriodSeconds=2)]
        kube.apply(name, celery_deployment(NAME, workers=workers))
        rates = {}
        for replicas in (FEW, MANY):
            kube.run("-n", name, "scale", "celerydeployment", NAME, f"--replicas={replicas}")
            _wait_settled(kube, name, replicas)
            rates[replicas] = _commands(kube, name, seconds) / seconds
    return [
        Figure(
            "commands per second from the operator to the broker, 1 worker",
            rates[FEW],
            how=f"MONITOR over {seconds:g} s",
        ),
        Figure(
            "ratio of the same with 6 workers",
            rates[MANY] / rates[FEW],
            at_most=1.25,
            how="one reconcile more or less changes it a little; 6 would mean a cost per worker",
        ),
    ]


def _wait_settled(kube: Kube, name: str, replicas: int) -> None:
    def settled() -> bool:
        found = kube.get(name, "celerydeployment", NAME) or {}
        return bool(found.get("status", {}).get("ready") == f"{replicas}/{replicas}")

    kube.until(f"{replicas} workers consume", settled, timeout=180, interval=1)


def _commands(kube: Kube, name: str, seconds: float) -> int:
    """Commands that came from the operator's address."""
    address = leading_operator(kube)["status"]["podIP"]
    seen: Counter[bool] = Counter()

    def count(monitor: "subprocess.Popen[str]") -> None:
        assert monitor.stdout is not None
        for line in monitor.stdout:
            seen[f" {address}:" in line] += 1

    command = kube.command("-n", name, "exec", "redis", "--", "redis-cli", "MONITOR")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as monitor:
        reader = threading.Thread(target=count, args=(monitor,))
        reader.start()
        time.sleep(seconds)
        monitor.terminate()
        reader.join()
    if not seen[True]:
        raise BenchError(f"The operator at {address} sent the broker nothing in {seconds:g} s.")
    return seen[True]
