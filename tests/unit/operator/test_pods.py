"""Why a pod does not run, from its status."""

from datetime import UTC, datetime
from typing import Any

import pytest

from celery_operator.api import names
from celery_operator.cache import Cache, Key
from celery_operator.kinds import POD
from celery_operator.observe.pods import MESSAGE_LIMIT, container_failure, pod_states
from celery_operator.snapshot import ContainerFailure


def pod(**status: Any) -> dict[str, Any]:
    labels = {names.LABEL_COMPONENT: names.COMPONENT_WORKER, names.LABEL_GROUP: "default"}
    metadata = {
        "name": "shop-default-1",
        "namespace": "shop",
        "uid": "1",
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "labels": labels,
    }
    return {"metadata": metadata, "status": status}


def container(name: str, state: dict[str, Any], last: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "ready": False, "restartCount": 4, "state": state, "lastState": last or {}}


ENDED = {"terminated": {"exitCode": 1, "reason": "Error", "message": "ImportError: shop"}}
ENDED_AT = {
    "terminated": {
        "exitCode": 137,
        "reason": "OOMKilled",
        "startedAt": "2026-01-02T03:04:30Z",
        "finishedAt": "2026-01-02T03:04:50Z",
    }
}
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}


def test_a_pause_after_an_orderly_end_is_a_failure_too() -> None:
    ended = {"terminated": {"exitCode": 0, "reason": "Completed", "message": "bye"}}
    found = container_failure(pod(containerStatuses=[container("worker", BACK_OFF, ended)]))
    assert found == ContainerFailure("worker", "CrashLoopBackOff", "back-off 40s")


def test_how_long_the_last_run_lasted_is_known_where_the_kubelet_waits() -> None:
    run = {"startedAt": "2026-01-02T03:00:00Z", "finishedAt": "2026-01-02T03:01:30Z"}
    ended = {"terminated": {"exitCode": 137, "reason": "Error", **run}}
    found = container_failure(pod(containerStatuses=[container("worker", BACK_OFF, ended)]))
    at = datetime(2026, 1, 2, 3, 1, 30, tzinfo=UTC)
    assert found == ContainerFailure("worker", "Error", "", 137, ended_at=at, ran_for=90.0)


def test_a_crash_is_reported_by_its_last_exit_and_not_by_the_wait_after_it() -> None:
    found = container_failure(pod(containerStatuses=[container("worker", BACK_OFF, ENDED)]))

    assert found == ContainerFailure("worker", "Error", "ImportError: shop", 1)


def test_an_image_that_cannot_be_pulled_is_reported_even_after_an_earlier_exit() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}

    found = container_failure(pod(containerStatuses=[container("worker", waiting, ENDED)]))

    assert found == ContainerFailure("worker", "ImagePullBackOff", "not found")


def test_an_init_container_is_reported_before_the_worker_that_waits_for_it() -> None:
    waiting = {"waiting": {"reason": "PodInitializing"}}

    found = container_failure(
        pod(
            initContainerStatuses=[container("agent", ENDED)],
            containerStatuses=[container("worker", waiting)],
        )
    )

    assert found == ContainerFailure("agent", "Error", "ImportError: shop", 1)


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_a_container_on_its_way_is_not_a_failure(reason: str) -> None:
    assert (
        container_failure(pod(containerStatuses=[container("worker", {"waiting": {"reason": reason}})]))
        is None
    )


def test_an_init_container_that_is_done_is_not_a_failure() -> None:
    done = {"terminated": {"exitCode": 0, "reason": "Completed"}}

    assert container_failure(pod(initContainerStatuses=[container("agent", done)])) is None


def test_a_container_that_runs_again_after_a_crash_is_not_a_failure() -> None:
    assert container_failure(pod(containerStatuses=[container("worker", {"running": {}}, ENDED)])) is None


def test_a_pod_that_no_node_takes_says_what_the_scheduler_said() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes are available",
    }

    found = container_failure(pod(conditions=[condition]))

    assert found == ContainerFailure("", "Unschedulable", "0/3 nodes are available")


def test_a_message_is_cut_to_its_end_and_loses_its_secrets() -> None:
    ended = {"terminated": {"exitCode": 1, "message": "x" * 9000 + " redis://:hunter2@broker/0 refused"}}

    found = container_failure(pod(containerStatuses=[container("worker", ended)]))

    assert found
    assert len(found.message) == MESSAGE_LIMIT
    assert found.message.endswith("redis://***@broker/0 refused")


def test_pods_of_beat_and_redis_are_no_workers() -> None:
    beat = pod(phase="Running")
    beat["metadata"]["labels"] = {names.LABEL_COMPONENT: names.COMPONENT_BEAT}

    states = pod_states([beat, pod(phase="Running")], {}, {})

    assert [state.name for state in states] == ["shop-default-1"]


def test_a_new_pod_without_any_status_is_pending_and_unscheduled() -> None:
    (state,) = pod_states([pod()], {}, {})

    assert (state.phase, state.scheduled, state.ready, state.restarts) == ("Pending", False, False, 0)


def test_when_the_container_of_celery_started_and_whether_its_startup_probe_has_passed_is_read() -> None:
    running = container("worker", {"running": {"startedAt": "2026-01-02T03:05:00Z"}})
    (state,) = pod_states([pod(containerStatuses=[{**running, "started": False}])], {}, {})
    assert state.container_started_at == datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
    assert not state.startup_passed
    (state,) = pod_states([pod(containerStatuses=[{**running, "started": True}])], {}, {})
    assert state.startup_passed
    (state,) = pod_states([pod()], {}, {})
    assert (state.container_started_at, state.startup_passed, state.restarts) == (None, False, 0)


def test_a_pod_reads_the_same_from_the_cache_which_keeps_only_part_of_it() -> None:
    whole = pod(
        phase="Running",
        podIP="10.0.0.7",
        qosClass="Burstable",
        conditions=[
            {"type": kind, "status": "True", "lastTransitionTime": "2026-01-02T03:04:06Z"}
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ],
        containerStatuses=[
            {
                **container("worker", {"running": {"startedAt": "2026-01-02T03:05:00Z"}}, ENDED_AT),
                "ready": True,
                "started": True,
                "containerID": "containerd://1",
                "image": "shop:1",
            }
        ],
    )
    whole["metadata"] |= {
        "resourceVersion": "7",
        "annotations": {"controller.kubernetes.io/pod-deletion-cost": "-5"},
        "managedFields": [{}],
    }
    whole["metadata"]["labels"][names.LABEL_INSTANCE] = "shop"
    cache = Cache()
    cache.put(POD, whole, watched=True)

    (state,) = pod_states([whole], {}, {})

    assert pod_states(cache.owned(POD, Key("shop", "shop")), {}, {}) == (state,)
    assert state.startup_passed
    assert state.last_end
    assert (state.restarts, state.deletion_cost) == (4, -5)
