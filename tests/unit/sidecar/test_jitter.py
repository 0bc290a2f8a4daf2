"""A fleet deafened at once is restarted bit by bit."""

import socket
import time
from itertools import pairwise
from pathlib import Path

from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.observe.evidence import WORKER_FILE, ProcessEvidence
from celery_probe.sidecar.observe.jitter import LONGEST_SECONDS, jitter_of
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.orders.drain_request import DrainRequest


def test_a_pod_keeps_its_jitter() -> None:
    assert jitter_of("shop-worker-default-0") == jitter_of("shop-worker-default-0")


def test_the_pods_of_a_fleet_are_spread_over_the_whole_time() -> None:
    jitters = sorted(jitter_of(f"shop-worker-default-5d9f7c6b8-{number:05x}") for number in range(300))
    assert jitters[0] >= 0
    assert jitters[-1] < LONGEST_SECONDS
    gaps = [later - earlier for earlier, later in pairwise(jitters)]
    assert max(gaps) < 1.0


def test_the_report_names_the_pod_that_the_jitter_is_of(tmp_path: Path) -> None:
    clock = time.monotonic
    observer = WorkerObserver(
        ProcessEvidence(tmp_path, WORKER_FILE, clock), BrokerChecks("", clock), DrainRequest(tmp_path), clock
    )
    assert observer.answer().hostname == socket.gethostname()
