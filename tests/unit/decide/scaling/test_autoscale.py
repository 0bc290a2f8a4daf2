"""How many pods a group should have: each case a load, a rule and the sentence that comes of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from celery_operator.api.annotations import ScalingPauses
from celery_operator.decide.scaling.decision import ScalingDecision, ScalingReason
from celery_operator.decide.scaling.explain import sentence_of
from tests.unit.decide.scaling.scaling_calls import called, load

MEASURED = load(ready=4310, active=48, busy_slots=48.0, arrival_rate=31.0, throughput_per_slot=2.1)


@pytest.mark.parametrize(
    ("call", "replicas", "reason", "message"),
    [
        pytest.param(
            called(12, MEASURED, targetPerSlot=100),
            20,
            ScalingReason.AT_MAXIMUM,
            "12 -> 20: 4,310 ready, 31/s in, 2.1/s a slot; empty in 32 s; maxReplicas allows no more",
            id="a backlog is sized by the time in which it should be done, up to the maximum",
        ),
        pytest.param(
            called(12, MEASURED, targetPerSlot=100, maxReplicas=40),
            21,
            ScalingReason.MORE_LOAD,
            "12 -> 21: 4,310 ready, 31/s in, 2.1/s a slot; empty in 30 s",
            id="below the maximum the sentence has the load alone",
        ),
        pytest.param(
            called(0, load(ready=120)),
            3,
            ScalingReason.MORE_LOAD,
            "0 -> 3: 120 ready, 0 active",
            id="the first decision from zero goes to the whole size in one step",
        ),
        pytest.param(
            called(20, load(active=9, busy_slots=9.0, arrival_rate=4.5, throughput_per_slot=0.5)),
            3,
            ScalingReason.LESS_LOAD,
            "20 -> 3: 0 ready, 4.5/s in, 0.5/s a slot",
            id="what runs keeps its slots",
        ),
        pytest.param(
            called(3, load(active=12, busy_slots=12.9)),
            3,
            ScalingReason.FITS,
            "3 pods: the load needs this number",
            id="a need within the tolerance moves nothing",
        ),
        pytest.param(
            called(0, load(ready=100), activationBacklog=100),
            0,
            ScalingReason.BELOW_ACTIVATION,
            "0 pods: no more tasks wait than activationBacklog",
            id="at zero the group waits for more than activationBacklog",
        ),
        pytest.param(
            called(0, load(ready=101), activationBacklog=100),
            3,
            ScalingReason.MORE_LOAD,
            "0 -> 3: 101 ready, 0 active",
            id="one more than activationBacklog wakes it",
        ),
        pytest.param(
            called(1, load(ready=1), activationBacklog=100),
            1,
            ScalingReason.FITS,
            "1 pod: the load needs this number",
            id="activationBacklog is of groups at zero only",
        ),
        pytest.param(
            called(1, load(idle_for=59.0)),
            1,
            ScalingReason.IDLE_SECONDS,
            "1 pod: nothing to do, but not yet for idleSeconds",
            id="the last pod waits for idleSeconds",
        ),
        pytest.param(
            called(1, load(idle_for=60.0)),
            0,
            ScalingReason.IDLE,
            "1 -> 0: nothing to do for 60 s",
            id="then it goes",
        ),
        pytest.param(
            called(0, load(idle_for=600.0)),
            0,
            ScalingReason.IDLE,
            "0 pods: nothing to do",
            id="a group at zero with nothing to do stays there",
        ),
        pytest.param(
            called(4, load(idle_for=10.0)),
            1,
            ScalingReason.IDLE_SECONDS,
            "4 -> 1: nothing to do for 10 s; the last one stays for idleSeconds",
            id="all but the last go before idleSeconds are over",
        ),
        pytest.param(
            called(2, load(eta=40)),
            1,
            ScalingReason.ETA_TASKS,
            "2 -> 1: nothing to do but 40 ETA tasks",
            id="ETA tasks keep one pod",
        ),
        pytest.param(
            called(1, load(eta=40, idle_for=0.0)),
            1,
            ScalingReason.ETA_TASKS,
            "1 pod: nothing to do but ETA tasks",
            id="and that pod stays for as long as there are ETA tasks",
        ),
        pytest.param(
            called(5, load(), minReplicas=2),
            2,
            ScalingReason.AT_MINIMUM,
            "5 -> 2: nothing to do; minReplicas allows no fewer",
            id="minReplicas stay",
        ),
        pytest.param(
            called(2, load(), floor=8),
            8,
            ScalingReason.SCHEDULED,
            "2 -> 8: nothing to do; the schedule allows no fewer now",
            id="the schedule brings pods before the load",
        ),
        pytest.param(
            called(8, load(), floor=8),
            8,
            ScalingReason.SCHEDULED,
            "8 pods: the load needs fewer, but the schedule keeps them now",
            id="and keeps them",
        ),
        pytest.param(
            called(2, load(), floor=50),
            20,
            ScalingReason.SCHEDULED,
            "2 -> 20: nothing to do; the schedule allows no fewer now",
            id="the schedule asks for no more than maxReplicas",
        ),
        pytest.param(
            called(12, load(ready=None, unread_for=3_600.0)),
            12,
            ScalingReason.QUEUE_LENGTHS_UNKNOWN,
            "12 pods: kept, because the queue lengths are unknown",
            id="without a fallback an unreadable broker moves nothing",
        ),
        pytest.param(
            called(2, load(ready=None, unread_for=59.0), fallback={"replicas": 6}),
            2,
            ScalingReason.QUEUE_LENGTHS_UNKNOWN,
            "2 pods: kept, because the queue lengths are unknown",
            id="the fallback waits for afterSeconds",
        ),
        pytest.param(
            called(2, load(ready=None, unread_for=60.0), fallback={"replicas": 6}),
            6,
            ScalingReason.FALLBACK,
            "2 -> 6: the queue lengths have been unknown for 60 s; fallback.replicas sets this number",
            id="then it raises",
        ),
        pytest.param(
            called(9, load(ready=None, unread_for=60.0), fallback={"replicas": 6}),
            9,
            ScalingReason.QUEUE_LENGTHS_UNKNOWN,
            "9 pods: kept, because the queue lengths are unknown",
            id="and never lowers",
        ),
        pytest.param(
            called(9, load(complete=False)),
            9,
            ScalingReason.EVIDENCE_INCOMPLETE,
            "9 pods: the load may need fewer, but the in-flight tasks of a worker are unknown",
            id="a silent worker keeps all pods",
        ),
        pytest.param(
            called(2, load(ready=400, complete=False)),
            10,
            ScalingReason.MORE_LOAD,
            "2 -> 10: 400 ready, 0 active",
            id="a silent worker does not keep the group from growing",
        ),
        pytest.param(
            called(9, load(), pauses=ScalingPauses(scale_in=True)),
            9,
            ScalingReason.SCALE_IN_PAUSED,
            "9 pods: the load needs fewer, but scale-in is paused",
            id="a pause of scaling in keeps all pods",
        ),
        pytest.param(
            called(9, load(ready=800), pauses=ScalingPauses(scale_out=True)),
            9,
            ScalingReason.SCALE_OUT_PAUSED,
            "9 pods: the load needs more, but scale-out is paused",
            id="a pause of scaling out adds none",
        ),
        pytest.param(
            called(9, load(ready=800), pauses=ScalingPauses(scale_in=True)),
            20,
            ScalingReason.MORE_LOAD,
            "9 -> 20: 800 ready, 0 active",
            id="a pause of scaling in does not keep the group from growing",
        ),
        pytest.param(
            called(25, load(ready=None, unread_for=5.0)),
            20,
            ScalingReason.AT_MAXIMUM,
            "25 -> 20: the queue lengths have been unknown for 5 s; maxReplicas allows no more",
            id="a lower maxReplicas holds at once",
        ),
    ],
)
def test_the_size_and_the_sentence(
    call: ScalingDecision, replicas: int, reason: ScalingReason, message: str
) -> None:
    assert (call.replicas, call.reason, call.message) == (replicas, reason, message)


def test_a_lower_size_leaves_room_for_chance() -> None:
    assert called(10, load(active=16, busy_slots=16.0)).replicas == 5
    assert called(10, load(active=18, busy_slots=18.0)).replicas == 6
    assert called(5, load(active=18, busy_slots=18.0)).replicas == 5


def test_a_message_of_what_stays_has_no_measured_number() -> None:
    one = called(20, MEASURED)
    other = called(20, replace(MEASURED, ready=9_000, arrival_rate=80.0))
    assert one.message == other.message == "20 pods: the load needs more, but maxReplicas allows no more"


@pytest.mark.parametrize(
    "reason",
    [
        ScalingReason.AT_MAXIMUM,
        ScalingReason.AT_MINIMUM,
        ScalingReason.SCHEDULED,
        ScalingReason.LIMITED,
        ScalingReason.IDLE_SECONDS,
        ScalingReason.FALLBACK,
    ],
)
def test_every_limit_of_a_change_is_documented(reason: ScalingReason) -> None:
    # Only a change writes its sentence into the status.
    page = (Path(__file__).parents[4] / "docs" / "reference" / "scaling.md").read_text()
    sentence = sentence_of(reason, load(), before=2, pods=3, needed=4, slots_per_pod=1)
    assert f"`{sentence.rpartition('; ')[2]}`" in page
