"""A kubelet whose clock is an hour ahead or behind changes no state of a pod."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from celery_operator.api import names
from celery_operator.decide.evidence.worker_state import WorkerState, is_within_startup, worker_state_of
from celery_operator.observe.monitor import monitor_pods
from celery_operator.observe.pods import container_failure, pod_state
from celery_operator.timing.kubelet_time import in_server_time

BOUND = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
STARTUP = timedelta(minutes=5)
SKEWS = pytest.mark.parametrize("skew", [-3600.0, -30.0, 0.0, 30.0, 3600.0])


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def noted(seconds: float, skew: float) -> str:
    """What a kubelet with this skew notes some seconds after the pod was bound to its node."""
    return written(BOUND + timedelta(seconds=seconds + skew))


def pod(skew: float, state: dict[str, Any], last: dict[str, Any] | None = None) -> dict[str, Any]:
    container = {"name": names.WORKER_CONTAINER, "ready": False, "restartCount": 0, "state": state}
    return {
        "metadata": {
            "name": "shop-default-1",
            "uid": "1",
            "creationTimestamp": written(BOUND - timedelta(seconds=2)),
            "labels": {names.LABEL_COMPONENT: names.COMPONENT_WORKER, names.LABEL_GROUP: "default"},
        },
        "status": {
            "phase": "Running",
            "startTime": noted(1, skew),
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": written(BOUND)}],
            "containerStatuses": [{**container, "lastState": last or {}}],
        },
    }


@SKEWS
def test_a_pod_starts_for_as_long_as_its_startup_probe_lets_it(skew: float) -> None:
    state = pod_state(pod(skew, {"running": {"startedAt": noted(20, skew)}}), None)
    soon, late = BOUND + timedelta(seconds=300), BOUND + timedelta(seconds=330)
    assert is_within_startup(state, soon, STARTUP)
    assert worker_state_of(state, soon, STARTUP) is WorkerState.STARTING
    assert not is_within_startup(state, late, STARTUP)
    assert worker_state_of(state, late, STARTUP) is WorkerState.SIDECAR_UNREACHABLE


@SKEWS
def test_the_end_of_a_container_has_its_time(skew: float) -> None:
    ended = {"terminated": {"exitCode": 1, "startedAt": noted(20, skew), "finishedAt": noted(80, skew)}}
    body = pod(skew, {"waiting": {"reason": "CrashLoopBackOff"}}, ended)
    failure, end = container_failure(body), pod_state(body, None).last_end
    assert failure is not None
    assert failure.ran_for == 60.0
    assert failure.ended_at is not None
    assert end is not None
    for moment in (failure.ended_at, end.finished_at):
        assert abs(moment - (BOUND + timedelta(seconds=80))) <= timedelta(seconds=2)


@SKEWS
def test_a_monitor_starts_when_it_does(skew: float) -> None:
    body = pod(skew, {})
    body["metadata"]["labels"][names.LABEL_COMPONENT] = names.COMPONENT_MONITOR
    running = {"running": {"startedAt": noted(20, skew)}}
    body["status"]["containerStatuses"] = [{"name": names.MONITOR_CONTAINER, "state": running}]
    (monitor,) = monitor_pods([body])
    assert monitor.container_started_at is not None
    expected = BOUND + timedelta(seconds=20)
    assert abs(monitor.container_started_at - expected) <= timedelta(seconds=2)


def test_a_pod_whose_status_has_no_such_times_is_taken_as_it_is() -> None:
    assert in_server_time(written(BOUND), {}) == BOUND
