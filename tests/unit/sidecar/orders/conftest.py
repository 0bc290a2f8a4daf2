"""What the tests of the orders share."""

from pathlib import Path

import pytest

from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.observe.evidence import WORKER_FILE, ProcessEvidence
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.orders.drain_request import DrainRequest
from tests.unit.sidecar.clock import Clock


@pytest.fixture
def observer(tmp_path: Path, clock: Clock) -> WorkerObserver:
    return WorkerObserver(
        ProcessEvidence(tmp_path, WORKER_FILE, clock), BrokerChecks("", clock), DrainRequest(tmp_path), clock
    )
