"""A task that kills its workers is named with the cause and can be stopped. Other tasks are not harmed."""

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from tools.testbed.events import first_time
from tools.testbed.rabbitmq import URL as RABBITMQ_URL
from tools.testbed.shop import BROKER_URL, Shop, group
from tools.testbed.waiting import BUSY_SECONDS

from celery_health.catalogue.deaths import DeathReason
from tests.e2e.poison_tasks.cases import (
    CHILDREN,
    DEATHS,
    EARLY,
    PARENTS,
    PASSWORD,
    PROCESS,
    Case,
    send,
    send_with_others,
    start,
    with_poison_tasks,
)
from tests.e2e.poison_tasks.shown import shown
from tests.e2e.scaling import assert_no_deaths, assert_no_deaths_counted
from tests.e2e.test_kubectl_plugin import kubectl_celery

LIMIT_SECONDS = 700
LOST_EARLY = 3
NAMED_SECONDS = 30
"""From the third start of a task to its Event."""
NAMED_WITHIN = NAMED_SECONDS + BUSY_SECONDS
DEATHS_SECONDS = 180
"""For three deaths of the worker's own process: the kubelet waits before it starts a container again."""
NAMED = r"Task poison_tasks\.{task} \({id}\) killed its worker (\d+) times in \d+ (?:s|min): {cause}\."
RECYCLED = 150
OVERRUNS = 4


def entries(shop: Shop) -> list[dict[str, Any]]:
    """What the tasks have written into their ledger."""
    lines = json.loads(shop.redis("-n", "1", "--json", "LRANGE", "shop:ledger", "0", "-1"))
    return [json.loads(line) for line in lines]


def ledger(shop: Shop) -> Counter[tuple[str, str]]:
    """How often each task has started and succeeded, by task and event."""
    return Counter((entry["task"], entry["event"]) for entry in entries(shop))


def await_succeeded(shop: Shop, ids: Iterable[str]) -> None:
    """Wait until these tasks have succeeded."""

    def succeeded() -> bool:
        counts = ledger(shop)
        return all(counts[one, "succeeded"] for one in ids)

    shop.kube.until("the other tasks succeed", succeeded, timeout=150)


def await_each_once(shop: Shop, ids: Iterable[str]) -> None:
    """Wait until these tasks have succeeded; none of them has started twice."""
    await_succeeded(shop, ids)
    counts = ledger(shop)
    assert {one: (counts[one, "started"], counts[one, "succeeded"]) for one in ids} == dict.fromkeys(
        ids, (1, 1)
    )


def deaths_named(shop: Shop, case: Case, task_id: str) -> int:
    """The number of deaths for which the status names the task with its cause; 0 while it does not."""
    condition = shop.condition("WorkersHealthy", case.name)
    pattern = NAMED.format(task=case.task, id=task_id[:8], cause=case.cause)
    found = re.search(pattern, condition.get("message", ""))
    if found is None or (condition["status"], condition["reason"]) != ("False", DeathReason.POISON_TASK):
        return 0
    return int(found[1])


def third_start(shop: Shop, task_id: str) -> float | None:
    """When the task started for the third time, in Unix time; None before that."""
    starts = [
        entry["time"] for entry in entries(shop) if (entry["task"], entry["event"]) == (task_id, "started")
    ]
    return sorted(starts)[DEATHS - 1] if len(starts) >= DEATHS else None


def await_named(shop: Shop, case: Case, task_id: str) -> None:
    """Wait until the task is named; the time of its Event says whether that was soon enough."""
    third: float = shop.kube.until(
        f"{DEATHS} starts in {case.name}", lambda: third_start(shop, task_id), timeout=DEATHS_SECONDS
    )
    named = shop.kube.until(
        f"{case.name} names its poison task", lambda: deaths_named(shop, case, task_id), timeout=NAMED_WITHIN
    )
    assert DEATHS <= named <= ledger(shop)[task_id, "started"]
    event: float = shop.kube.until(
        f"an Event of {case.name}",
        lambda: first_time(shop, DeathReason.POISON_TASK, task_id[:8]),
        timeout=BUSY_SECONDS,
    )
    assert event - third <= NAMED_SECONDS


def await_degraded_and_ready(shop: Shop, case: Case) -> None:
    """A worker that consumes stays ready, whatever its tasks do."""

    def reached() -> bool:
        ready = shop.condition("Ready", case.name)["status"]
        return (ready, shop.status(case.name)["health"]) == ("True", "Degraded")

    shop.kube.until(f"{case.name} is ready and degraded", reached)


def revoke_as_recommended(shop: Shop, case: Case, task_id: str) -> None:
    """Run the recommended command in a shell, as it is printed; it may meet a worker that is down."""

    def revoked() -> bool:
        command = next(
            one["command"]
            for one in shop.status(case.name)["recommendations"]
            if one["message"].startswith("Revoke the task")
        )
        assert task_id in command
        path = f"{shop.kube.kubectl.parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "KUBECONFIG": str(shop.kube.kubeconfig)}
        done = subprocess.run(
            command, shell=True, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode == 0 and "revoked" in done.stdout

    shop.kube.until(f"the command for {case.name} works", revoked, timeout=60)


def await_state(shop: Shop, ids: Sequence[str], state: str) -> None:
    """Wait until the result backend has this final state of the tasks: no message can start them again."""

    def ended() -> bool:
        results = json.loads(
            shop.redis("-n", "1", "--json", "MGET", *(f"celery-task-meta-{one}" for one in ids))
        )
        return all(result and json.loads(result)["status"] == state for result in results)

    shop.kube.until(f"{state} of {len(ids)} tasks", ended, timeout=180)


def stop(shop: Shop, case: Case, task_id: str) -> None:
    """Revoke a task that does not stop by itself, and wait until it has ended."""
    if case.dies_for_ever:
        revoke_as_recommended(shop, case, task_id)
        await_state(shop, [task_id], "REVOKED")
    else:
        # A result is stored before the ledger is written.
        await_succeeded(shop, [task_id])


def await_lost(shop: Shop, case: Case, ids: Sequence[str]) -> None:
    """Wait until a recommendation counts these tasks as lost. Each has started once."""
    lost = f"{len(ids)} tasks (poison_tasks.{case.task}) were lost"
    shop.kube.until(
        f"{case.name} recommends to send {len(ids)} tasks again",
        lambda: any(lost in one["message"] for one in shop.status(case.name).get("recommendations", [])),
    )
    shop.wait_health("Healthy", case.name)
    assert [ledger(shop)[one, "started"] for one in ids] == [1] * len(ids)


def assert_count_is_right(shop: Shop, case: Case, task_id: str) -> None:
    """The status counts each run that started and did not succeed, and no run is added."""
    counts = ledger(shop)
    deaths = counts[task_id, "started"] - counts[task_id, "succeeded"]
    shop.kube.until(
        f"{case.name} counts {deaths} deaths",
        lambda: deaths_named(shop, case, task_id) == deaths,
        timeout=BUSY_SECONDS,
    )
    assert ledger(shop)[task_id, "started"] == counts[task_id, "started"]
    if not case.dies_for_ever:
        assert (deaths, counts[task_id, "succeeded"]) == (DEATHS, 1)


@pytest.mark.timeout(LIMIT_SECONDS)
@pytest.mark.parametrize("broker", [BROKER_URL, RABBITMQ_URL], ids=["redis", "rabbitmq"])
def test_a_poison_task_is_named_and_revoked_and_other_tasks_run_once(shop: Shop, broker: str) -> None:
    # Redis delivers again what a lost process had taken only after the visibility timeout.
    processes = [PROCESS, *PARENTS] if broker == RABBITMQ_URL else PARENTS
    cases = [*processes, *CHILDREN]
    start(shop, broker, *(case.deployment(broker) for case in (*cases, EARLY)))
    sent = {case: send_with_others(shop, broker, case, [case.poison()]) for case in cases}
    early, others = send_with_others(shop, broker, EARLY, [EARLY.poison()] * LOST_EARLY)

    for case in CHILDREN:
        ((poison,), beside) = sent[case]
        await_named(shop, case, poison)
        await_degraded_and_ready(shop, case)
        stop(shop, case, poison)
        assert_count_is_right(shop, case, poison)
        await_each_once(shop, beside)
    for case in processes:
        ((poison,), beside) = sent[case]
        await_named(shop, case, poison)
        stop(shop, case, poison)
        starts = ledger(shop)[poison, "started"]
        await_succeeded(shop, beside)
        shop.wait_ready(case.name)
        assert DEATHS <= deaths_named(shop, case, poison) <= starts == ledger(shop)[poison, "started"]

    await_each_once(shop, others)
    await_lost(shop, EARLY, early)
    code, output = kubectl_celery(shop, "status", CHILDREN[0].name)
    assert code == 1, output
    assert "PoisonTask" in output
    assert "celery -A shop.celery control revoke" in output
    for place, text in [("plugin", output), *shown(shop, [case.name for case in cases])]:
        assert PASSWORD not in text, place


def test_children_that_end_on_purpose_are_no_deaths(shop: Shop) -> None:
    recycled = group("recycled", concurrency=4, maxTasksPerChild=1)
    limited = group("limited", concurrency=4)
    start(shop, BROKER_URL, with_poison_tasks("shop", BROKER_URL, recycled, limited))
    orders = [("shop.tasks.place_order", [7], "recycled")] * RECYCLED
    ids = send(shop, BROKER_URL, [*orders, *[("poison_tasks.overrun", [], "limited")] * OVERRUNS])
    overruns = ids[RECYCLED:]

    await_each_once(shop, ids[:RECYCLED])
    await_state(shop, overruns, "FAILURE")
    counts = ledger(shop)
    assert [counts[one, "succeeded"] for one in overruns] == [0] * OVERRUNS
    assert_no_deaths_counted(shop, "recycled", "limited")
    assert_no_deaths(shop)
