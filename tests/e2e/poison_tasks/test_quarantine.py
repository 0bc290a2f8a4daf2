"""With quarantine, a poison task lies in the dead-letter queue after its deaths, and may be replayed.

Meanwhile 100 other tasks of its queue run once each.
"""

import json
from functools import partial

import pytest
from tools.testbed.events import messages
from tools.testbed.rabbitmq import URL as RABBITMQ_URL
from tools.testbed.shop import BROKER_URL, Shop

from tests.e2e.poison_tasks.cases import CAUSES, DEATHS, Case, send_with_others, start
from tests.e2e.poison_tasks.test_poison_tasks import (
    LIMIT_SECONDS,
    NAMED_WITHIN,
    await_each_once,
    await_named,
    await_state,
    ledger,
)
from tests.e2e.scaling import STATUS_SECONDS
from tests.e2e.test_kubectl_plugin import kubectl_celery

CASES = tuple(Case(task, 4) for task in CAUSES)
CASE = CASES[-1]
"""The one whose message is replayed."""
OTHERS = 100
SURVIVED_AFTER = 20
"""Deaths after which the task succeeds: far more than quarantine lets it have."""


def dead_letters(shop: Shop, case: Case = CASE) -> list[str]:
    """The ids in the dead-letter queue, as the plugin lists them."""
    code, output = kubectl_celery(shop, "dead-letter", case.name, "list", "--format", "json")
    assert code == 0, output
    return [one["id"] for one in json.loads(output)["messages"]]


def is_moved(shop: Shop, case: Case, task_id: str) -> bool:
    """Whether the dead-letter queue of the resource has this message, and no other."""
    return dead_letters(shop, case) == [task_id]


def quarantined(shop: Shop) -> list[str]:
    """The ids in the status."""
    return [one["id"] for one in shop.status(CASE.name).get("quarantine", [])]


def counted(shop: Shop) -> int:
    """The dead letters by the status: absent after the last one."""
    return shop.status(CASE.name).get("deadLetters") or 0


def lists_of_workers(shop: Shop) -> list[list[str]]:
    """The ids that each worker moves, by its sidecar."""
    reports = (shop.report(pod["metadata"]["name"]) for pod in shop.pods(CASE.name, CASE.name))
    return [(report["quarantine"] or {"ids": []})["ids"] for report in reports]


@pytest.mark.timeout(LIMIT_SECONDS)
@pytest.mark.parametrize("broker", [BROKER_URL, RABBITMQ_URL], ids=["redis", "rabbitmq"])
def test_a_poison_task_is_moved_aside_and_runs_again_once_it_is_replayed(shop: Shop, broker: str) -> None:
    deployments = [case.deployment(broker) for case in CASES]
    for deployment in deployments:
        deployment["spec"]["health"] = {"poisonTasks": "Quarantine"}
    start(shop, broker, *deployments)
    sent = {
        case: send_with_others(shop, broker, case, [case.poison_that_survives(SURVIVED_AFTER)], OTHERS)
        for case in CASES
    }
    for case in CASES:
        ((moved,), others) = sent[case]
        await_named(shop, case, moved)
        shop.kube.until("the message is moved", partial(is_moved, shop, case, moved), timeout=NAMED_WITHIN)
        assert DEATHS <= ledger(shop)[moved, "started"] < SURVIVED_AFTER
        await_each_once(shop, others)
    ((poison,), _) = sent[CASE]
    starts = ledger(shop)[poison, "started"]
    shop.kube.until("the id in the status", lambda: quarantined(shop) == [poison], timeout=STATUS_SECONDS)
    shop.kube.until(
        "an Event", lambda: any(poison in one for one in messages(shop, "TaskQuarantined")), STATUS_SECONDS
    )
    shop.kube.until("the status counts the message", lambda: counted(shop) == 1, timeout=STATUS_SECONDS)

    # A pod that is created later goes on with the list.
    shop.kube.run(
        "-n", shop.namespace, "delete", "pod", shop.pods(CASE.name, CASE.name)[0]["metadata"]["name"]
    )
    shop.wait_ready(CASE.name)
    shop.kube.until("the new pod has the list", lambda: lists_of_workers(shop) == [[poison]])
    assert ledger(shop)[poison, "started"] == starts

    # The cause is corrected, and quarantine ended: the message runs again, to its end.
    shop.change({"health": {"poisonTasks": "Report"}}, CASE.name)
    shop.kube.until("no worker has a list", lambda: lists_of_workers(shop) == [[]], timeout=60)
    shop.kube.until("no id in the status", lambda: not quarantined(shop), timeout=STATUS_SECONDS)
    code, output = kubectl_celery(shop, "dead-letter", CASE.name, "replay", poison)
    assert code == 0, output
    await_state(shop, [poison], "SUCCESS")
    assert dead_letters(shop) == []
    shop.kube.until("the status counts none", lambda: counted(shop) == 0, timeout=STATUS_SECONDS)
    shop.kube.until("the success in the ledger", lambda: ledger(shop)[poison, "succeeded"] == 1)
