"""What a pod would lose if it were deleted now."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.worker_report import Phase
from celery_operator.decide.draining.drain_state import DrainPod, DrainState, drain_pods
from celery_operator.decide.evidence.worker_state import Worker, worker_state_of
from celery_operator.snapshot import PodState
from celery_probe.pod import SIDECAR_CONTAINER
from tests.unit.decide.pods import NOW, broken_pod, pending_pod, pod, reading, report, silent_pod


def seen(*states: PodState) -> list[DrainPod]:
    """The pods of a group as the drain plan sees them."""
    workers = tuple(Worker(state, worker_state_of(state, NOW, timedelta())) for state in states)
    return list(drain_pods(workers).get("default", ()))


def asked(
    requested: bool | None,
    drain_requested_for: float | None = None,
    *,
    reason: WorkerReason = WorkerReason.CONSUMING,
    age: float = 0.5,
    **changes: Any,
) -> PodState:
    """A running pod without tasks; the changes are those of its report."""
    base = report(**{"active": 0, "reserved": 0, "eta": 0, **changes})
    word = replace(
        reading(reason),
        report=base,
        age=age,
        drain_requested=requested,
        drain_requested_for=drain_requested_for,
    )
    return replace(pod(), reading=word)


DRAINED: dict[str, Any] = {"phase": Phase.DRAINING, "reason": WorkerReason.DRAINING}


def test_a_pod_that_is_deleted_is_no_more_counted() -> None:
    found = seen(replace(pod("a"), deleting=True), replace(pod("b"), phase="Failed"), pod("c"))
    assert [one.name for one in found] == ["c"]


def test_a_pod_is_described_with_all_that_its_report_says() -> None:
    state = replace(asked(True, 9.0, active=2, reserved=3, eta=4), deletion_cost=7, ready=False)
    (found,) = seen(state)
    assert found == DrainPod(
        name=state.name,
        uid=state.uid,
        created_at=state.created_at,
        drain_state=DrainState.NOT_DRAINED,
        ready=False,
        deletion_cost=7,
        active=2,
        reserved=3,
        eta=4,
        drain_requested=True,
        drain_requested_for=9.0,
    )


def late(state: PodState) -> PodState:
    assert state.reading is not None
    return replace(state, reading=replace(state.reading, late=True))


@pytest.mark.parametrize(
    ("state", "hold"),
    [
        pytest.param(asked(False), DrainState.NOT_DRAINED, id="idle, but may fetch"),
        pytest.param(asked(False, active=1), DrainState.NOT_DRAINED, id="runs a task"),
        pytest.param(asked(True, 9.0), DrainState.NOT_DRAINED, id="asked, and has not stopped"),
        pytest.param(asked(True, 9.0, **DRAINED), DrainState.DRAINED, id="drained"),
        pytest.param(asked(True, 9.0, eta=3, **DRAINED), DrainState.DRAINED, id="drained, with ETA tasks"),
        pytest.param(
            asked(True, 9.0, active=1, **DRAINED), DrainState.NOT_DRAINED, id="drains and runs a task"
        ),
        pytest.param(
            asked(True, 9.0, reserved=1, **DRAINED), DrainState.NOT_DRAINED, id="drains, one waits in it"
        ),
        pytest.param(asked(False, **DRAINED), DrainState.NOT_DRAINED, id="asked to work again a moment ago"),
        pytest.param(asked(True, 0.4, **DRAINED), DrainState.NOT_DRAINED, id="drained for an earlier order"),
        pytest.param(
            asked(True, 1.4, loop_mono=99.0, **DRAINED),
            DrainState.NOT_DRAINED,
            id="loop turned before the order",
        ),
        pytest.param(
            asked(True, 1.6, loop_mono=99.0, **DRAINED), DrainState.DRAINED, id="loop turned after the order"
        ),
        pytest.param(
            asked(True, 9.0, loop_mono=None, **DRAINED), DrainState.NOT_DRAINED, id="loop has never turned"
        ),
        pytest.param(asked(True, 9.0, age=6.0, **DRAINED), DrainState.UNKNOWN, id="an old report"),
        pytest.param(
            late(asked(True, 9.0, **DRAINED)), DrainState.NOT_DRAINED, id="had drained, and is late"
        ),
        pytest.param(asked(None, **DRAINED), DrainState.UNKNOWN, id="a sidecar that reports no order"),
        pytest.param(
            asked(False, phase=Phase.STARTING, consumer_starts=0, reason=WorkerReason.STARTING),
            DrainState.DRAINED,
            id="loads the application",
        ),
        pytest.param(
            asked(True, 0.4, phase=Phase.STARTING, consumer_starts=0, reason=WorkerReason.STARTING),
            DrainState.NOT_DRAINED,
            id="may have begun before it was asked not to",
        ),
        pytest.param(
            asked(False, phase=Phase.CONNECTING, consumer_starts=0, reason=WorkerReason.CONNECTING),
            DrainState.DRAINED,
            id="connects for the first time",
        ),
        pytest.param(
            asked(True, 9.0, phase=Phase.CONNECTING, reason=WorkerReason.CONNECTING),
            DrainState.NOT_DRAINED,
            id="connects again",
        ),
        pytest.param(
            asked(True, 9.0, phase=Phase.CONNECTING, active=1, reason=WorkerReason.CONNECTING),
            DrainState.NOT_DRAINED,
            id="connects again with a task",
        ),
        pytest.param(silent_pod(), DrainState.UNKNOWN, id="silent sidecar"),
        pytest.param(pending_pod(), DrainState.DRAINED, id="pending"),
        pytest.param(replace(pending_pod(), scheduled=False), DrainState.DRAINED, id="without a node"),
        pytest.param(replace(pending_pod(), phase="Unknown"), DrainState.UNKNOWN, id="the node is lost"),
        pytest.param(broken_pod("ErrImagePull"), DrainState.DRAINED, id="no image"),
        pytest.param(
            replace(broken_pod("CrashLoopBackOff"), phase="Running"),
            DrainState.DRAINED,
            id="the worker crashes",
        ),
        pytest.param(
            replace(broken_pod("CrashLoopBackOff", container=SIDECAR_CONTAINER), phase="Running"),
            DrainState.UNKNOWN,
            id="the sidecar crashes",
        ),
        pytest.param(
            replace(pod(), reading=replace(reading(WorkerReason.ENDED), report=None, drain_requested=False)),
            DrainState.DRAINED,
            id="the process has ended",
        ),
        pytest.param(
            replace(pod(), reading=replace(reading(WorkerReason.AGENT_ABSENT), drain_requested=True)),
            DrainState.UNKNOWN,
            id="no agent",
        ),
        pytest.param(
            replace(
                pod(), reading=replace(reading(WorkerReason.STARTING), report=None, drain_requested=False)
            ),
            DrainState.UNKNOWN,
            id="no report yet, perhaps no agent",
        ),
    ],
)
def test_what_a_pod_holds(state: PodState, hold: DrainState) -> None:
    (found,) = seen(state)
    assert found.drain_state is hold


def test_how_long_a_late_one_has_drained_is_not_known() -> None:
    (found,) = seen(late(asked(True, 900.0, active=1, **DRAINED)))
    assert (found.drain_state, found.drain_requested, found.drain_requested_for) == (
        DrainState.NOT_DRAINED,
        True,
        None,
    )
