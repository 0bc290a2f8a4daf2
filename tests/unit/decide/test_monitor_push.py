"""What the monitor of a resource is sent."""

from dataclasses import replace
from typing import Any

import msgspec
from msgspec import structs

from celery_health.wire.resource_push import RESOURCE_PUSH, TASKS_LENGTH, ResourcePush
from celery_health.wire.worker_report import ActiveTask
from celery_operator.decide import decide
from celery_operator.snapshot import PodState
from tests.unit.decide.build import broker, snapshot, spec
from tests.unit.decide.pods import NOW, broken_pod, pending_pod, pod, reading, report, silent_pod

ON = spec(monitor={"enabled": True})


def pushed(**changes: Any) -> ResourcePush:
    """The push, as the monitor reads it."""
    push = decide(snapshot(**{"spec": ON, **changes})).push
    assert push is not None
    read = RESOURCE_PUSH.decode(msgspec.json.encode(push))
    assert read == push
    return read


def with_report(name: str, **changes: Any) -> PodState:
    return replace(pod(name), reading=replace(reading(), report=structs.replace(report(), **changes)))


def test_without_a_monitor_there_is_no_push() -> None:
    assert decide(snapshot()).push is None


def test_the_push_has_the_words_of_the_status() -> None:
    decision = decide(snapshot(spec=ON))
    push = pushed()
    assert (push.namespace, push.name, push.taken_at) == ("market", "shop", NOW.timestamp())
    assert (push.health, push.message) == (decision.status.health.value, decision.status.message)
    assert [(one.type, one.status, one.reason) for one in push.conditions] == [
        (one.type.value, one.status, one.reason) for one in decision.status.conditions
    ]
    assert push.queues[0].name == "celery"


def test_a_worker_is_shown_with_its_group_and_its_active_tasks() -> None:
    task = ActiveTask("a1", "shop.pay", 999.0, queue="mail")
    worker = with_report(
        "a", hostname="default@a", active=(task,), active_count=1, pool_size=4, task_events=True
    )
    push = pushed(pods=(worker,))
    assert push.groups_of_workers() == {"default@a": "default"}
    (one,) = push.pods
    assert (one.name, one.phase, one.state, one.ready) == ("a", "Running", "consuming", True)
    assert one.worker is not None
    assert (one.worker.slots, one.worker.task_events, one.worker.consuming) == (4, True, True)
    assert [(task.id, task.name, task.queue) for task in one.worker.active] == [("a1", "shop.pay", "mail")]


def test_pods_without_a_report_say_why_they_do_not_run() -> None:
    push = pushed(pods=(pending_pod("a"), broken_pod("ErrImagePull", name="b"), silent_pod("c")))
    assert [(one.state, one.worker) for one in push.pods] == [
        ("starting", None),
        ("broken", None),
        ("sidecar unreachable", None),
    ]
    assert push.pods[1].failure.startswith("container worker: ErrImagePull")


def test_the_tasks_of_all_pods_together_are_bounded() -> None:
    tasks = tuple(ActiveTask(str(number), "shop.pay") for number in range(100))
    many = tuple(with_report(f"p{number}", active=tasks, active_count=100) for number in range(60))
    push = pushed(pods=many)
    shown = [len(one.worker.active) for one in push.pods if one.worker]
    assert sum(shown) == TASKS_LENGTH
    assert all(one.worker and one.worker.active_count == 100 for one in push.pods)


def test_unknown_queue_lengths_are_unknown() -> None:
    push = pushed(broker=replace(broker(), queues=()))
    assert push.queues[0].ready is None


def test_sentences_are_cut_to_their_length() -> None:
    bad = broken_pod("CrashLoopBackOff", name="a")
    assert bad.container_failure is not None
    bad = replace(bad, container_failure=replace(bad.container_failure, message="x" * 5000))
    assert len(pushed(pods=(bad,)).pods[0].failure) <= 1000


def test_the_report_of_a_hostile_worker_stays_within_the_bounds() -> None:
    task = structs.replace(ActiveTask("a", "b"), queue="q" * 256)
    pushed(pods=(with_report("a", active=(task,), hostname="h" * 256),))
