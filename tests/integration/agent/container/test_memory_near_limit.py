"""A real worker that fills its memory is warned of before the kernel kills it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.servers import redis_server

from celery_health.wire.worker_report import WorkerReport
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.decide import decide
from tests.integration.agent.cgroups import limited_memory
from tests.integration.agent.harness import AgentWorker, agent_worker, producer
from tests.unit.decide.build import deployment, snapshot, spec
from tests.unit.decide.pods import reporting_pod

LIMIT = 256 << 20
SPEC = spec(workers=[{"name": "default", "replicas": 1, "resources": {"limits": {"memory": "256Mi"}}}])


@pytest.fixture
def app_and_worker(tmp_path: Path) -> Iterator[tuple[Celery, AgentWorker]]:
    with (
        limited_memory(LIMIT) as launcher,
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path,
            CELERY_5_7,
            "prefork",
            redis.url,
            arguments=("-I", "agent_memory", "-c", "1"),
            launcher=launcher,
        ) as worker,
    ):
        yield app, worker


def status_with(report: WorkerReport) -> CeleryDeploymentStatus:
    """What the operator decides when a pod's sidecar has this report."""
    pod = reporting_pod()
    assert pod.reading
    pod = replace(pod, reading=replace(pod.reading, report=report))
    return decide(snapshot(spec=SPEC, pods=(pod,), deployments=(deployment(1),))).status


def test_a_worker_that_fills_its_memory_is_named_before_the_kernel_kills(
    app_and_worker: tuple[Celery, AgentWorker],
) -> None:
    app, worker = app_and_worker
    worker.wait_until_consuming()
    idle = worker.wait_until(lambda report: bool(report.memory_used_bytes and report.memory_limit_bytes))
    assert idle.memory_limit_bytes == LIMIT
    assert idle.memory_used_bytes
    assert status_with(idle).message == "1 of 1 desired worker is consuming."

    taken = int(LIMIT * 0.93) - idle.memory_used_bytes
    app.send_task("agent_memory.fill", (taken,), queue="celery")
    full = worker.wait_until(lambda report: (report.memory_high_bytes or 0) >= LIMIT * 0.9, 60)
    status = status_with(full)
    assert "MemoryNearLimit" in [condition.reason for condition in status.conditions]
    (advice,) = status.recommendations
    assert '"limits":{"memory":"384Mi"}' in advice.command

    # The peak is remembered after the memory was given back, and the kernel had no reason to kill.
    app.send_task("agent_memory.empty", queue="celery")
    empty = worker.wait_until(lambda report: (report.memory_used_bytes or 0) < LIMIT * 0.8, 60)
    assert (empty.memory_high_bytes or 0) >= LIMIT * 0.9
    # These two are read less often, at the same time.
    later = worker.wait_until(lambda report: (report.cpu_seconds or 0) > (idle.cpu_seconds or 0), 60)
    assert idle.cpu_seconds
    assert later.oom_kills == 0
