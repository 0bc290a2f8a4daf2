"""The number of workers: more at once, fewer once a worker holds nothing, also with another operator."""

import pytest
import redis
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_operator.api.names import ANNOTATION_PAUSE_SCALE_OUT
from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, POD
from tests.integration.api.apiserver import Object
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import OperatorProcess, metric
from tests.integration.operator.sidecars import QUEUE, Worker, Workers
from tests.integration.operator.test_healing import notes, pods
from tests.integration.operator.world import World, group

AUTOSCALING = {
    "minReplicas": 0,
    "maxReplicas": 6,
    "idleSeconds": 2,
    "scaleDown": {"stabilizationWindowSeconds": 2},
}


def replicas(world: World) -> int:
    """Those of the group's Deployment; -1 while there is none."""
    deployment = world.get(DEPLOYMENT, "shop-default")
    return int(deployment["spec"]["replicas"]) if deployment else -1


def until_active(world: World, reason: str) -> None:
    """Wait until the condition ScalingActive has this reason."""
    wait_for(lambda: world.condition("ScalingActive").get("reason") == reason, 30, f"the reason {reason}")


def status(world: World) -> Object:
    """The entry of the group in the status; empty while there is none."""
    resource = world.get(CELERY_DEPLOYMENT, "shop") or {}
    groups = resource.get("status", {}).get("workers", [])
    return groups[0] if groups else {}


def want(world: World, number: int) -> None:
    world.change(
        CELERY_DEPLOYMENT, "shop", {"spec": {"workers": [group("default", replicas=number, queues=[QUEUE])]}}
    )


def fleet(world: World, workers: Workers, *active: int) -> list[Worker]:
    """One running worker for each number of tasks."""
    world.create_shop(workers=[group("default", replicas=len(active), queues=[QUEUE])])
    running = [workers.run(pod, works=True) for pod in pods(world, len(active))]
    for worker, tasks in zip(running, active, strict=True):
        worker.active = tasks
    wait_for(lambda: status(world).get("consumingReplicas") == len(active), 30, "all consuming")
    return running


def reconciles(operator: OperatorProcess, world: World) -> float:
    """How many times the operator has reconciled the resource."""
    labels = {"namespace": world.namespace, "resource": "shop", "reconcile": "health"}
    return metric(operator.get("/metrics")[1], "celery_operator_reconciles_total", labels) or 0


def living(world: World) -> set[str]:
    return {pod["metadata"]["name"] for pod in world.all(POD) if "deletionTimestamp" not in pod["metadata"]}


def test_the_idle_worker_goes_and_the_busy_one_stays(
    operator: OperatorProcess, world: World, workers: Workers
) -> None:
    assert operator.leads()
    busy, idle = fleet(world, workers, 2, 0)
    want(world, 1)
    wait_for(lambda: living(world) == {busy.name}, 30, "the idle worker gone")
    assert idle.drains
    assert not busy.drains
    assert replicas(world) == 1


def test_a_busy_worker_is_taken_away_once_it_is_done_although_the_operator_was_killed(
    world: World, workers: Workers, start_operator: StartOperator
) -> None:
    first = start_operator("--identity=operator-0").until_it_leads()
    both = fleet(world, workers, 1, 1)
    want(world, 1)
    wait_for(lambda: any(worker.drains for worker in both), 30, "one of them drains")
    wait_for(lambda: status(world).get("draining") == 1, describe="the status")
    first.kill()
    assert replicas(world) == 2
    assert len(living(world)) == 2

    start_operator("--identity=operator-0").until_it_leads()
    (victim,) = (worker for worker in both if worker.drains)
    victim.active = 0
    wait_for(lambda: len(living(world)) == 1, 30, "one worker left")
    assert victim.name not in living(world)
    assert [worker.drains for worker in both if worker is not victim] == [False]


def test_load_that_returns_lets_a_draining_worker_fetch_again(
    operator: OperatorProcess, world: World, workers: Workers
) -> None:
    assert operator.leads()
    both = fleet(world, workers, 1, 1)
    want(world, 1)
    wait_for(lambda: any(worker.drains for worker in both), 30, "one of them drains")
    want(world, 2)
    wait_for(lambda: not any(worker.drains for worker in both), 30, "both fetch")
    wait_for(lambda: status(world).get("draining") == 0, describe="the status")
    assert living(world) == {worker.name for worker in both}


def test_suspending_drains_before_it_stops(operator: OperatorProcess, world: World, workers: Workers) -> None:
    assert operator.leads()
    busy, idle = fleet(world, workers, 1, 0)
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"suspend": True}})
    wait_for(lambda: living(world) == {busy.name}, 30, "the idle worker gone")
    assert idle.drains
    busy.active = 0
    wait_for(lambda: not living(world), 30, "no pod left")
    assert replicas(world) == 0


def test_a_group_goes_from_zero_to_what_its_load_needs_and_back(
    operator: OperatorProcess, world: World, workers: Workers, broker: RedisServer
) -> None:
    assert operator.leads()
    client = redis.Redis.from_url(broker.url)
    scaled = {"name": "default", "queues": [QUEUE], "concurrency": 1, "autoscaling": AUTOSCALING}
    world.create_shop(broker={"url": broker.url}, workers=[scaled])
    # 20 messages wait, and one slot is to have no more than 10.
    wait_for(lambda: replicas(world) == 2, 30, "2 replicas")
    until_active(world, "FollowsLoad")
    client.lpush(QUEUE, *("more" for _ in range(80)))
    wait_for(lambda: replicas(world) == 6, 30, "6 replicas")
    until_active(world, "AtMaxReplicas")
    wait_for(lambda: any("2 -> 6: 100 ready" in note for note in notes(world, "ScaledOut")), 30, "an Event")
    running = [workers.run(pod, works=True) for pod in pods(world, 6)]

    client.delete(QUEUE)
    wait_for(lambda: not living(world), 60, "back at zero")
    assert replicas(world) == 0
    assert all(worker.drains for worker in running)
    wait_for(lambda: status(world)["desiredReplicas"] == 0, 30, "the status")
    client.close()


def test_a_broker_that_does_not_answer_changes_no_number(
    operator: OperatorProcess, world: World, workers: Workers, broker: RedisServer
) -> None:
    assert operator.leads()
    scaled = {"name": "default", "queues": [QUEUE], "concurrency": 1, "autoscaling": AUTOSCALING}
    world.create_shop(broker={"url": broker.url}, workers=[scaled])
    wait_for(lambda: replicas(world) == 2, 30, "2 replicas")
    running = [workers.run(pod, works=True) for pod in pods(world, 2)]
    broker.stop()
    until_active(world, "BrokerUnreadable")
    # Longer than the windows, in reconciles of the operator.
    seen = reconciles(operator, world)
    wait_for(lambda: reconciles(operator, world) > seen + 6, 30, "more reconciles")
    assert replicas(world) == 2
    assert not any(worker.drains for worker in running)


def test_a_pause_keeps_a_group_from_growing(
    operator: OperatorProcess, world: World, broker: RedisServer
) -> None:
    assert operator.leads()
    scaled = {"name": "default", "queues": [QUEUE], "concurrency": 1, "autoscaling": AUTOSCALING}
    paused = {ANNOTATION_PAUSE_SCALE_OUT: "true"}
    world.create_shop(annotations=paused, broker={"url": broker.url}, workers=[scaled])
    until_active(world, "ScalingPaused")
    # The status may be written before the Deployment has been made.
    wait_for(lambda: replicas(world) == 0, 30, "a Deployment without pods")
    seen = reconciles(operator, world)
    wait_for(lambda: reconciles(operator, world) > seen + 2, 30, "more reconciles")
    assert replicas(world) == 0
    world.change(CELERY_DEPLOYMENT, "shop", {"metadata": {"annotations": {ANNOTATION_PAUSE_SCALE_OUT: None}}})
    wait_for(lambda: replicas(world) == 2, 30, "2 replicas")


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ({"start": "0 8 * * *", "end": "0 18 * * *", "timeZone": "Europe/Berlim"}, "Europe/Berlin"),
        ({"start": "0 0 30 2 *", "end": "0 18 * * *"}, "never"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_reported(
    operator: OperatorProcess, world: World, window: Object, words: str
) -> None:
    assert operator.leads()
    schedule = [{**window, "minReplicas": 2}]
    scaled = {"name": "default", "autoscaling": {**AUTOSCALING, "schedule": schedule}}
    world.create_shop(workers=[scaled])
    wait_for(lambda: world.condition("Stalled").get("status") == "True", 30, "stalled")
    assert world.condition("Stalled")["reason"] == "ScheduleInvalid"
    assert words in world.condition("Stalled")["message"]
