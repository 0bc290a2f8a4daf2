"""Evictions, pauses and restarts on purpose, against a real API server with controllers and a real Redis."""

from base64 import b64decode

import pytest
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_operator.api.names import ANNOTATION_PAUSE_HEALING, ANNOTATION_RESTARTED_AT
from celery_operator.decide.healing.restart_pacing import PAUSED_HOLD_SECONDS
from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, POD, SECRET, Kind
from tests.integration.api.apiserver import Object
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import OperatorProcess, metric
from tests.integration.operator.sidecars import QUEUE, Worker, Workers
from tests.integration.operator.world import World, group

DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
HEALTH = {"stalledAfterSeconds": 10}
SEEN_WITHIN = 40


@pytest.fixture
def shop(world: World, broker: RedisServer, operator: OperatorProcess) -> list[Object]:
    """The pods of a group of two, not yet running."""
    world.create_shop(
        broker={"url": broker.url}, workers=[group("default", replicas=2, queues=[QUEUE])], health=HEALTH
    )
    return pods(world, 2)


def pods(world: World, count: int) -> list[Object]:
    """The group's pods, once there are this many."""

    def there() -> list[Object] | None:
        found = world.pods_of("shop-default")
        return found if len(found) == count else None

    return wait_for(there, timeout=30, describe=f"{count} pods")


def restarts(world: World) -> Object:
    resource = world.get(CELERY_DEPLOYMENT, "shop") or {}
    reported: Object = resource.get("status", {}).get("restarts", {})
    return reported


def annotate(world: World, **annotations: str | None) -> None:
    world.change(CELERY_DEPLOYMENT, "shop", {"metadata": {"annotations": annotations}})


def notes(world: World, reason: str) -> list[str]:
    return [note for reported, note in world.events() if reported == reason]


def until_evicted(world: World, worker: Worker) -> None:
    wait_for(
        lambda: world.there(POD, worker.name) is None,
        timeout=SEEN_WITHIN,
        describe=f"the eviction of {worker.name}",
    )


def test_stalled_workers_are_evicted_one_after_the_other(
    world: World, shop: list[Object], workers: Workers, operator: OperatorProcess
) -> None:
    stalled = [workers.run(pod, works=False) for pod in shop]
    wait_for(lambda: restarts(world).get("total") == 1, timeout=SEEN_WITHIN, describe="the first eviction")
    reported = restarts(world)["recent"][0]
    first = next(worker for worker in stalled if worker.name == reported["pod"])
    assert reported["reason"] == "WorkerStalled"
    assert "recovered" not in reported
    until_evicted(world, first)

    (second,) = [worker for worker in stalled if worker is not first]
    assert world.there(POD, second.name)
    replacement = next(pod for pod in pods(world, 2) if pod["metadata"]["name"] != second.name)
    workers.run(replacement, works=True)
    until_evicted(world, second)

    assert restarts(world)["total"] == 2
    assert restarts(world)["recent"][0]["recovered"] is True
    wait_for(lambda: len(notes(world, "RestartedStalledWorker")) == 2, describe="two Events")
    labels = {"group": "default", "namespace": world.namespace, "reason": "WorkerStalled", "resource": "shop"}
    counted = ("celery_operator_restarts_total", labels)
    wait_for(lambda: metric(operator.get("/metrics")[1], *counted) == 2, describe="two in the metrics")


def test_a_refused_eviction_counts_as_an_attempt_also_for_the_next_operator(
    world: World,
    shop: list[Object],
    workers: Workers,
    operator: OperatorProcess,
    start_operator: StartOperator,
) -> None:
    world.create(
        DISRUPTION_BUDGET,
        "workers",
        spec={"maxUnavailable": 0, "selector": {"matchLabels": {"celery-operator.dev/group": "default"}}},
    )
    stalled = [workers.run(pod, works=False) for pod in shop]

    refused = wait_for(
        lambda: notes(world, "EvictionRefused"), timeout=SEEN_WITHIN, describe="the refusal in an Event"
    )
    assert "disruption budget" in refused[0]
    assert restarts(world)["total"] == 1

    operator.kill()
    start_operator().until_it_leads(timeout=60)
    # A new operator has to see for itself that nothing is taken: until then the workers count as well.
    wait_for(
        lambda: world.condition("WorkersHealthy")["status"] == "True",
        30,
        "the new operator's first reconcile",
    )
    wait_for(
        lambda: world.condition("WorkersHealthy")["reason"] == "WorkerStalled",
        timeout=SEEN_WITHIN,
        describe="stalled for the new operator too",
    )

    assert restarts(world)["total"] == 1
    assert all(world.there(POD, worker.name) for worker in stalled)


def test_a_pause_holds_the_workers_and_evicts_none_until_it_ends(
    world: World, shop: list[Object], workers: Workers
) -> None:
    annotate(world, **{ANNOTATION_PAUSE_HEALING: "true"})
    stalled = [workers.run(pod, works=False) for pod in shop]
    wait_for(
        lambda: world.condition("WorkersHealthy").get("reason") == "WorkerStalled",
        timeout=SEEN_WITHIN,
        describe="two stalled workers",
    )
    wait_for(lambda: all(worker.orders for worker in stalled), describe="restart holds of both")

    assert restarts(world) == {
        "total": 0,
        "paused": True,
        "pausedGroups": [],
        "recent": [],
        "pauses": [],
    }
    wait_for(lambda: notes(world, "HealingPaused"), describe="an Event")
    assert {seconds for worker in stalled for _, seconds in worker.orders} == {PAUSED_HOLD_SECONDS}
    token = (world.get(SECRET, "shop-probe") or {})["data"]["token"]
    assert {shown for worker in stalled for shown, _ in worker.orders} == {b64decode(token).decode()}

    annotate(world, **{ANNOTATION_PAUSE_HEALING: None})
    wait_for(lambda: restarts(world)["total"] == 1, describe="an eviction after the pause")
    wait_for(lambda: any(worker.orders[-1][1] == 0 for worker in stalled), describe="the holds ended")


def test_a_restart_on_purpose_changes_the_pods_of_the_groups_that_it_names(
    world: World, operator: OperatorProcess
) -> None:
    assert operator.leads()
    world.create_shop()
    world.until_owned_objects("shop-default", "shop-mail")

    def asked(name: str) -> dict[str, str]:
        template = (world.get(DEPLOYMENT, name) or {})["spec"]["template"]
        annotations: dict[str, str] = template["metadata"].get("annotations", {})
        return annotations

    one, all_groups = f"{ANNOTATION_RESTARTED_AT}.mail", ANNOTATION_RESTARTED_AT
    annotate(world, **{one: "1"})
    wait_for(lambda: asked("shop-mail") == {one: "1"}, describe="the mail group rolled")
    assert asked("shop-default") == {}

    annotate(world, **{all_groups: "2"})
    wait_for(lambda: asked("shop-default") == {all_groups: "2"}, describe="the default group rolled")
    wait_for(lambda: asked("shop-mail") == {one: "1", all_groups: "2"}, describe="the mail group again")


def test_an_annotation_that_names_no_group_is_reported_with_the_groups(
    world: World, operator: OperatorProcess
) -> None:
    assert operator.leads()
    world.create_shop()
    world.until_owned_objects("shop-default", "shop-mail")
    annotate(world, **{f"{ANNOTATION_RESTARTED_AT}.post": "1", ANNOTATION_PAUSE_HEALING: "yes"})

    wait_for(lambda: len(notes(world, "AnnotationNotUnderstood")) == 2, describe="two Events")
    reported = notes(world, "AnnotationNotUnderstood")

    assert any("one of default, mail" in note for note in reported)
    assert any('write "true"' in note for note in reported)
