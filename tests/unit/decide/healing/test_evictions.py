"""Which workers are evicted and which have to wait, reconcile by reconcile."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from celery_operator.api.names import ANNOTATION_PAUSE_HEALING, ANNOTATION_RESTARTED_AT
from celery_operator.api.status import Restart, RestartsStatus
from celery_operator.decide import decide
from celery_operator.decide.healing.evictions import LONGEST_PAUSE, Healing, heal
from celery_operator.decide.times import moment, rfc3339
from celery_operator.snapshot import PodState
from tests.unit.decide.build import NOT_READ, REFUSED, WAITING, deployment, fault, snapshot, spec
from tests.unit.decide.healing.seen import FLEET, NAMES, group, seen
from tests.unit.decide.pods import NOW, broken_pod, hung_pod, pod, stalled_pod


def reconciled(*pods: PodState, **changes: Any) -> Healing:
    """The healing of one reconcile."""
    return heal(seen(*pods, **changes))


def stalled_fleet(count: int = FLEET) -> list[PodState]:
    return [stalled_pod(name) for name in NAMES[:count]]


def fresh(name: str, made: float) -> PodState:
    """A consuming pod made this number of seconds after NOW."""
    return replace(pod(name), created_at=NOW + timedelta(seconds=made))


def evicted(healing: Healing) -> list[str]:
    return [order.pod for order in healing.evictions]


def test_a_stalled_worker_is_evicted_and_the_eviction_remembered_and_reported() -> None:
    healing = reconciled(stalled_pod(NAMES[0]), pod(NAMES[1]))
    assert evicted(healing) == [NAMES[0]]
    assert healing.evictions[0].uid == f"uid-{NAMES[0]}"
    assert healing.restarts.total == 1
    assert healing.restarts.recent == (
        Restart(
            pod=NAMES[0],
            group="default",
            reason="WorkerStalled",
            at=rfc3339(NOW),
            pods_before=tuple(f"uid-{name}" for name in NAMES[:2]),
        ),
    )
    (note,) = healing.notes
    assert note.reason == "RestartedStalledWorker"
    assert NAMES[0] in note.message
    assert "1 of 3 in 120 s" in note.message


def test_the_status_that_is_written_has_the_eviction_before_it_is_made() -> None:
    decision = decide(
        snapshot(**WAITING, **group(2), pods=(stalled_pod(NAMES[0]), pod(NAMES[1]))),
    )
    assert [restart.pod for restart in decision.status.restarts.recent] == [
        order.pod for order in decision.evictions
    ]


def test_of_a_stalled_fleet_one_goes_first_and_no_other_before_it_has_recovered() -> None:
    first = reconciled(*stalled_fleet())
    assert len(first.evictions) == 1
    again = reconciled(*stalled_fleet(), restarts=first.restarts, later=30)
    assert evicted(again) == []


def test_the_next_goes_once_the_replacement_of_the_first_works() -> None:
    first = reconciled(*stalled_fleet())
    second = reconciled(fresh("new", 5), *stalled_fleet()[1:], restarts=first.restarts, later=30)
    assert second.restarts.recent[0].recovered is True
    assert evicted(second) == [NAMES[1]]


def test_a_replacement_that_consumes_and_has_done_nothing_proves_nothing_while_messages_wait() -> None:
    first = reconciled(*stalled_fleet())
    idle = fresh("new", 5)
    assert idle.reading is not None
    assert idle.reading.report is not None
    idle = replace(
        idle, reading=replace(idle.reading, report=structs.replace(idle.reading.report, processed=0))
    )
    assert reconciled(idle, *stalled_fleet()[1:], restarts=first.restarts, later=30).restarts.recent[
        0
    ].recovered is (None)


def test_a_pod_that_was_there_before_proves_nothing() -> None:
    first = reconciled(*stalled_fleet(2), pod(NAMES[2]))
    second = reconciled(stalled_pod(NAMES[1]), pod(NAMES[2]), restarts=first.restarts, later=30)
    assert second.restarts.recent[0].recovered is None


@pytest.mark.parametrize("skew", [-3600.0, -3.0, 0.0, 3600.0])
def test_a_new_pod_is_known_by_its_uid_and_not_by_the_clock_of_the_api_server(skew: float) -> None:
    first = reconciled(*stalled_fleet())
    second = reconciled(fresh("new", 1 + skew), *stalled_fleet()[1:], restarts=first.restarts, later=30)
    assert second.restarts.recent[0].recovered is True
    assert (second.restarts.recent[0].helper, second.restarts.recent[0].pods_before) == ("uid-new", ())
    old = [replace(pod(name), created_at=NOW + timedelta(seconds=skew)) for name in NAMES[1:FLEET]]
    assert reconciled(*old, restarts=first.restarts, later=30).restarts.recent[0].recovered is None


def test_a_pod_proves_no_second_restart_after_it_has_proved_one() -> None:
    first = reconciled(*stalled_fleet())
    second = reconciled(fresh("new", 5), *stalled_fleet()[1:], restarts=first.restarts, later=30)
    assert evicted(second) == [NAMES[1]]
    third = reconciled(fresh("new", 5), *stalled_fleet()[2:], restarts=second.restarts, later=60)
    assert [restart.recovered for restart in third.restarts.recent] == [True, None]


def test_one_new_pod_proves_one_restart_of_an_older_operator() -> None:
    at = rfc3339(NOW)
    before = RestartsStatus(
        total=2,
        recent=tuple(Restart(pod=name, group="default", reason="WorkerStalled", at=at) for name in "xy"),
    )
    once = reconciled(fresh("new", 5), stalled_pod(NAMES[0]), restarts=before, later=20)
    again = reconciled(fresh("new", 5), stalled_pod(NAMES[0]), restarts=once.restarts, later=25)
    assert [restart.recovered for restart in once.restarts.recent] == [True, None]
    assert [restart.recovered for restart in again.restarts.recent] == [True, None]


def test_a_restart_that_did_not_help_leaves_the_group_alone_for_a_while() -> None:
    first = reconciled(*stalled_fleet())
    vain = reconciled(*stalled_fleet(), restarts=first.restarts, later=121)
    assert evicted(vain) == []
    (pause,) = vain.restarts.pauses
    assert (pause.group, pause.failures) == ("default", 1)
    assert moment(pause.until) == NOW + timedelta(seconds=241)
    assert [note.reason for note in vain.notes] == ["RestartDidNotHelp"]
    waiting = reconciled(*stalled_fleet(), restarts=vain.restarts, later=200)
    assert evicted(waiting) == []
    assert waiting.notes == ()
    assert evicted(reconciled(*stalled_fleet(), restarts=waiting.restarts, later=242)) == [NAMES[0]]


def test_each_window_in_vain_doubles_the_pause_up_to_an_hour() -> None:
    restarts, at = RestartsStatus(), 0.0
    pauses: list[float] = []
    while len(pauses) < 8:
        tried = reconciled(*stalled_fleet(), restarts=restarts, later=at)
        assert len(tried.evictions) == 1
        vain = reconciled(*stalled_fleet(), restarts=tried.restarts, later=at + 121)
        (pause,) = vain.restarts.pauses
        pauses.append((moment(pause.until) - NOW).total_seconds() - at - 121)
        restarts, at = vain.restarts, (moment(pause.until) - NOW).total_seconds() + 1
    assert pauses == [120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert LONGEST_PAUSE.total_seconds() == 3600


def test_a_group_that_was_well_for_a_window_begins_anew() -> None:
    first = reconciled(*stalled_fleet())
    vain = reconciled(*stalled_fleet(), restarts=first.restarts, later=121)
    well = reconciled(*(pod(name) for name in NAMES[:FLEET]), restarts=vain.restarts, later=370)
    assert well.restarts.pauses == ()


def test_no_more_than_the_attempts_of_a_window_are_made_even_when_each_helps() -> None:
    pods = stalled_fleet(6)
    restarts, made = RestartsStatus(), []
    for step in range(12):
        later = step * 9
        healing = reconciled(*pods, restarts=restarts, later=later)
        restarts = healing.restarts
        for order in healing.evictions:
            made.append(later)
            pods = [one for one in pods if one.name != order.pod] + [fresh(f"new-{later}", later + 1)]
    assert len(made) == 3
    assert evicted(reconciled(*pods, restarts=restarts, later=121)) != []


def test_two_evictions_lie_the_delay_apart() -> None:
    pods = [fresh("new", 1), *stalled_fleet()[1:]]
    first = reconciled(*stalled_fleet())
    assert evicted(reconciled(*pods, restarts=first.restarts, later=4)) == []
    assert evicted(reconciled(*pods, restarts=first.restarts, later=5)) == [NAMES[1]]


def test_once_one_has_recovered_as_many_go_at_a_time_as_the_spec_allows() -> None:
    wide = {"maxConcurrent": 2, "maxAttempts": 6, "delaySeconds": 0}
    first = reconciled(*stalled_fleet(5), **group(5, **wide))
    pods = [fresh("new", 1), *stalled_fleet(5)[1:]]
    second = reconciled(*pods, restarts=first.restarts, later=10, **group(5, **wide))
    third = reconciled(*pods, restarts=second.restarts, later=15, **group(5, **wide))
    fourth = reconciled(*pods, restarts=third.restarts, later=20, **group(5, **wide))
    assert [len(one.evictions) for one in (second, third, fourth)] == [1, 1, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"broker": REFUSED},
        {"broker": NOT_READ},
        {"faults": (fault(),)},
        {"annotations": {ANNOTATION_PAUSE_HEALING: "true"}},
        {"deployments": (deployment(2, updated=0),)},
        group(2, policy="Never"),
    ],
    ids=["broker refused", "broker not read", "fault", "paused", "rollout", "policy Never"],
)
def test_nothing_is_evicted_while(changes: dict[str, Any]) -> None:
    assert evicted(reconciled(*stalled_fleet(2), **{**WAITING, **changes})) == []


def test_a_suspended_deployment_is_left_alone() -> None:
    suspended = spec(workers=[{"name": "default", "replicas": 2}], suspend=True)
    assert evicted(reconciled(*stalled_fleet(2), spec=suspended)) == []


def test_a_hung_task_is_reported_and_its_worker_restarted_only_where_the_spec_says_so() -> None:
    assert evicted(reconciled(hung_pod(NAMES[0]), pod(NAMES[1]))) == []
    with_policy = reconciled(hung_pod(NAMES[0]), pod(NAMES[1]), **group(2, hungTasks=True))
    assert evicted(with_policy) == [NAMES[0]]
    assert with_policy.notes[0].reason == "RestartedHungWorker"


def test_the_begin_and_the_end_of_a_pause_are_reported_once() -> None:
    paused = {ANNOTATION_PAUSE_HEALING: "true"}
    first = reconciled(pod(NAMES[0]), annotations=paused)
    assert [note.reason for note in first.notes] == ["HealingPaused"]
    assert first.restarts.paused
    assert reconciled(pod(NAMES[0]), annotations=paused, restarts=first.restarts).notes == ()
    resumed = reconciled(pod(NAMES[0]), restarts=first.restarts)
    assert [note.reason for note in resumed.notes] == ["HealingResumed"]


def test_a_pause_of_one_group_leaves_the_others_alone() -> None:
    assert evicted(reconciled(*stalled_fleet(2), **WAITING)) == [NAMES[0]]
    paused = {f"{ANNOTATION_PAUSE_HEALING}.default": "true"}
    assert evicted(reconciled(*stalled_fleet(2), **WAITING, annotations=paused)) == []
    both = spec(workers=[{"name": "default", "replicas": 2}, {"name": "mail", "queues": ["mail"]}])
    other = {f"{ANNOTATION_PAUSE_HEALING}.mail": "true"}
    changes = {"spec": both, "deployments": (deployment(2), deployment(1, group="mail"))}
    assert evicted(reconciled(*stalled_fleet(2), **{**WAITING, **changes}, annotations=other)) == [NAMES[0]]


def test_the_begin_and_the_end_of_a_pause_of_a_group_are_reported_once() -> None:
    paused = {f"{ANNOTATION_PAUSE_HEALING}.default": "true"}
    first = reconciled(pod(NAMES[0]), annotations=paused)
    assert [(note.reason, "default" in note.message) for note in first.notes] == [("HealingPaused", True)]
    assert (first.restarts.paused, first.restarts.paused_groups) == (False, ("default",))
    assert reconciled(pod(NAMES[0]), annotations=paused, restarts=first.restarts).notes == ()
    resumed = reconciled(pod(NAMES[0]), restarts=first.restarts)
    assert [note.reason for note in resumed.notes] == ["HealingResumed"]


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({ANNOTATION_PAUSE_HEALING: "yes"}, 'write "true"'),
        ({f"{ANNOTATION_RESTARTED_AT}.mail": "2026-01-02T03:04:05Z"}, "one of default"),
    ],
)
def test_an_annotation_that_requests_nothing_is_reported(annotations: dict[str, str], words: str) -> None:
    notes = decide(snapshot(annotations=annotations)).events
    (note,) = [note for note in notes if note.reason == "AnnotationNotUnderstood"]
    assert words in note.message


def waiting_pod(
    name: str, waited: float = 60.0, ran_for: float = 90.0, container: str = "worker"
) -> PodState:
    """The kubelet has let its container wait for so long, after a run of ``ran_for`` seconds."""
    one = broken_pod("CrashLoopBackOff", name=name, container=container)
    assert one.container_failure is not None
    ended = NOW - timedelta(seconds=waited)
    return replace(
        one,
        phase="Running",
        container_failure=replace(one.container_failure, ended_at=ended, ran_for=ran_for),
    )


def test_a_worker_that_had_worked_and_has_to_wait_for_long_is_replaced() -> None:
    healing = reconciled(waiting_pod(NAMES[0]), pod(NAMES[1]))
    assert [(order.pod, order.reason) for order in healing.evictions] == [(NAMES[0], "BackOff")]
    (note,) = (one for one in healing.notes if one.reason == "ReplacedWaitingWorker")
    assert "(1 of 3 in 120 s)" in note.message


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(waiting_pod(NAMES[0], waited=40.0), id="it waits for a short while"),
        pytest.param(waiting_pod(NAMES[0], ran_for=5.0), id="it never came to work"),
        pytest.param(waiting_pod(NAMES[0], container="probe"), id="it is not the worker"),
        pytest.param(replace(broken_pod("ImagePullBackOff", name=NAMES[0])), id="its image is not there"),
    ],
)
def test_a_pod_is_left_to_the_kubelet_if(one: PodState) -> None:
    assert reconciled(one, pod(NAMES[1])).evictions == ()
