"""A group that grows never takes Ready away while its new pods are within their startup time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import ConditionType
from celery_operator.decide import decide
from celery_operator.snapshot import ContainerFailure, DeploymentState, PodState, SidecarReading, Snapshot
from tests.unit.decide.build import deployment, load, scaled, snapshot
from tests.unit.decide.pods import NOT_ASKED, NOW, REACHED, pod, reading

STARTUP = 300.0
MOST = 6


def stage(number: int, seconds: float, **changes: Any) -> PodState:
    """A new pod, created and started ``ago`` seconds ago."""
    began = NOW - timedelta(seconds=seconds)
    one = replace(pod(f"shop-default-{number}"), created_at=began, ready=False, reading=None)
    return replace(one, **changes)


def not_started(reason: WorkerReason) -> SidecarReading:
    """What the sidecar answers about a process that the startup probe has not passed yet."""
    one = reading(reason, NOT_ASKED)
    return replace(one, report=None, verdict=replace(one.verdict, started=False, consuming=None))


def running(number: int, seconds: float, word: SidecarReading | None, passed: bool) -> PodState:
    """A pod whose container runs; the pod itself may be much older."""
    since = NOW - timedelta(seconds=seconds)
    return stage(number, seconds + 600, container_started_at=since, reading=word, startup_passed=passed)


within = st.floats(0, STARTUP - 1)
REFUSED = ContainerFailure("", "Unschedulable", "0/3 nodes are available.")


def new_pods(number: int) -> st.SearchStrategy[PodState]:
    """Every stage that a new pod goes through."""
    return st.one_of(
        st.builds(lambda ago: stage(number, ago, phase="Pending", scheduled=False), st.floats(0, 59)),
        st.builds(
            lambda ago: stage(number, ago, phase="Pending", scheduled=False, container_failure=REFUSED),
            st.floats(0, 14),
        ),
        st.builds(lambda ago: stage(number, ago, phase="Pending"), within),
        st.builds(
            lambda ago, word: running(number, ago, word, passed=False),
            within,
            st.sampled_from(
                [None, *map(not_started, (WorkerReason.STARTING, WorkerReason.WEDGED, WorkerReason.ENDED))]
            ),
        ),
        st.builds(
            lambda ago, word: running(number, ago, word, passed=True),
            within,
            st.sampled_from([None, reading(WorkerReason.CONNECTING, REACHED)]),
        ),
        st.just(pod(f"shop-default-{number}")),
    )


@st.composite
def growing(draw: st.DrawFn) -> Snapshot:
    """A group between two sizes: some pods consume, some start, some do not exist yet."""
    before, least = draw(st.integers(0, MOST - 1)), 0
    desired = draw(st.integers(before + 1, MOST))
    made = draw(st.integers(before, desired))
    pods = [pod(f"shop-default-{number}") for number in range(before)]
    pods += [draw(new_pods(number)) for number in range(before, made)]
    changes = scaled(desired, waiting=4 * desired, minReplicas=least)
    return snapshot(
        **{**changes, "pods": tuple(pods), "deployments": (draw(lagging(before, desired, made)),)},
        applied={"default": desired},
    )


@st.composite
def lagging(draw: st.DrawFn, before: int, desired: int, made: int) -> DeploymentState:
    """The group's Deployment, whose status may be behind its pods, and its spec behind the decision."""
    counted = draw(st.integers(before, made))
    in_force = draw(st.sampled_from([before, desired])) if made == before else desired
    observed = draw(st.sampled_from([1, 2]))
    if in_force == counted and counted:
        observed = 2
    return deployment(
        in_force, replicas=counted, updated=counted, ready=before, generation=2, observed_generation=observed
    )


@given(growing())
def test_a_group_that_grows_stays_ready(one: Snapshot) -> None:
    one = replace(one, loads={"default": load(40, active=4)})
    conditions = {condition.type: condition for condition in decide(one).status.conditions}
    ready = conditions[ConditionType.READY]
    assert ready.status == "True", (ready.reason, ready.message)


def test_a_group_at_zero_stays_ready_while_its_deployment_is_created() -> None:
    at_zero = snapshot(**scaled(0, waiting=0, minReplicas=0), applied={"default": 0})
    created = deployment(0, replicas=0, updated=0, ready=0, generation=1, observed_generation=0)
    for deployments in ((), (created,), (replace(created, observed_generation=1),)):
        one = replace(at_zero, deployments=deployments)
        conditions = {condition.type: condition for condition in decide(one).status.conditions}
        ready = conditions[ConditionType.READY]
        assert ready.status == "True", (ready.reason, ready.message)
