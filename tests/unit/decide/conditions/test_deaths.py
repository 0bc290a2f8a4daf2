"""A poison task in the status: condition, health, recommendation and Event."""

from celery_health.catalogue.health import HealthState
from celery_health.verdicts.deaths import FleetDeaths, ProcessDeath, TaskDeaths, WorkerDeaths
from celery_operator.api.status import ConditionType
from celery_operator.decide import decide
from tests.unit.decide.build import deployment, snapshot, spec
from tests.unit.decide.pods import broken_pod, pod

DEATHS = FleetDeaths(
    (
        WorkerDeaths(
            "shop-default-a",
            (TaskDeaths("29a3b4be-1", "warehouse.hog", 3, 100.0, 104.0, "signal SIGSEGV"),),
            children_lost=3,
        ),
    )
)
MESSAGE = (
    "Task warehouse.hog (29a3b4be) killed its worker 3 times in 4 s: signal SIGSEGV. "
    "It was redelivered each time."
)


def test_a_poison_task_degrades_a_resource_whose_workers_all_consume() -> None:
    decision = decide(snapshot(deaths=DEATHS))
    conditions = {one.type: one for one in decision.status.conditions}
    workers = conditions[ConditionType.WORKERS_HEALTHY]
    assert (workers.status, workers.reason) == ("False", "PoisonTask")
    assert workers.message == f"2 of 2 desired workers are consuming. {MESSAGE}"
    assert conditions[ConditionType.READY].status == "True"
    assert decision.status.health is HealthState.DEGRADED
    assert not decision.evictions


def test_the_recommendation_has_the_command_that_revokes_it() -> None:
    (advice,) = decide(snapshot(deaths=DEATHS)).status.recommendations
    assert advice.message.startswith("Revoke the task")
    assert advice.command == (
        "kubectl -n market exec shop-default-a -c worker -- celery -A shop.celery control revoke 29a3b4be-1"
    )


def test_in_quarantine_the_recommendation_puts_the_message_back() -> None:
    quarantining = spec(health={"poisonTasks": "Quarantine"})
    (advice,) = decide(snapshot(deaths=DEATHS, spec=quarantining)).status.recommendations
    assert "Do not revoke the task" in advice.message
    assert advice.command == "kubectl celery dead-letter shop replay 29a3b4be-1 -n market"


def test_an_event_names_it_once() -> None:
    first = decide(snapshot(deaths=DEATHS))
    assert [(note.reason, note.message) for note in first.events if note.type == "Warning"] == [
        ("PoisonTask", f"2 of 2 desired workers are consuming. {MESSAGE}")
    ]
    again = decide(snapshot(deaths=DEATHS, previous=first.status))
    assert [note for note in again.events if note.reason == "PoisonTask"] == []


def test_it_is_named_beside_a_worker_that_is_missing() -> None:
    missing = snapshot(deaths=DEATHS, pods=(pod("a"),), deployments=(deployment(),))
    workers = {one.type: one for one in decide(missing).status.conditions}[ConditionType.WORKERS_HEALTHY]
    assert (workers.status, workers.reason) == ("False", "PoisonTask")
    assert workers.message.startswith("1 of 2 desired workers is consuming. Task warehouse.hog")


def test_lost_tasks_are_a_recommendation_and_leave_the_health_alone() -> None:
    task = TaskDeaths("1", "shop.pay", 1, 100.0, 100.0, "signal SIGSEGV", returns=False)
    deaths = FleetDeaths((WorkerDeaths("shop-default-a", (task,), children_lost=1, tasks_lost=1),))
    status = decide(snapshot(deaths=deaths)).status
    assert status.health is HealthState.HEALTHY
    (advice,) = status.recommendations
    assert advice.message.startswith(
        "Within 10 min, 1 task (shop.pay) was lost when a process of the worker ended. Send the lost tasks"
    )


def process_deaths(worker: str) -> FleetDeaths:
    """One task that took its worker's whole process with it, three times."""
    tasks = (("29a3b4be-1", "warehouse.hog"),)
    ends = tuple(ProcessDeath(100.0 + number, "signal SIGKILL", True, tasks, 1) for number in range(3))
    return FleetDeaths((WorkerDeaths(worker, process_deaths=ends),))


def test_a_task_that_kills_its_worker_s_process_comes_before_the_pod_that_was_killed() -> None:
    killed = broken_pod("OOMKilled", exit_code=137)
    down = decide(snapshot(deaths=process_deaths(killed.name), pods=(killed, pod("b"))))
    workers = {one.type: one for one in down.status.conditions}[ConditionType.WORKERS_HEALTHY]
    assert (workers.status, workers.reason) == ("False", "PoisonTask")
    assert workers.message.startswith("Task warehouse.hog (29a3b4be) killed its worker 3 times")
    assert f"Pod {killed.name} was killed at its memory limit." in workers.message
    assert "PoisonTask" in [note.reason for note in down.events]
    assert down.status.recommendations[0].message.startswith("Revoke the task")


def test_the_command_runs_in_a_worker_that_consumes() -> None:
    killed, well = broken_pod("OOMKilled", exit_code=137), pod("b")
    down = decide(snapshot(deaths=process_deaths(killed.name), pods=(killed, well)))
    assert f" exec {well.name} -c worker " in down.status.recommendations[0].command
