"""``kubectl celery status`` on a real API server, through the real kubectl."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.integration.kubectl.harness import Shop
from tests.integration.kubectl.statuses import DEGRADED


def test_status_shows_everything_that_the_operator_found(shop: Shop) -> None:
    shop.set_status(**DEGRADED)

    outcome = shop.run("status", "shop")

    assert outcome.code == 1
    to_list = f"kubectl celery dead-letter shop list -n {shop.namespace}"
    for words in (
        f"shop  Degraded  2/3 workers consuming\n\n{DEGRADED['message']}\n",
        "app shop.celery, image shop:1, broker redis://redis:6379/0 (Reachable), beat Running",
        "- Add workers.\n  $ kubectl scale celerydeployment shop",
        "Restarts by the operator: 3",
        "Healing of group background is paused until 2026-01-01T01:00:00Z",
        f"The dead-letter queue has 3 messages. To list: {to_list}",
    ):
        assert words in outcome.out
    rows = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert "orders 2/2 2/2 1/2 4 2 0 default, email" in rows
    assert "email 1,200" in rows
    assert "media ?" in rows
    assert any(re.match(r"WorkersHealthy False WorkerStalled \d+ h shop-orders-1 takes", row) for row in rows)
    assert any(re.match(r"shop-orders-0 orders WorkerStalled \d+ h yes", row) for row in rows)
    assert any(re.match(r"shop-orders-1 orders WorkerStalled \d+ h unknown", row) for row in rows)
    assert "\x1b" not in outcome.out  # colours are for terminals


def test_status_lists_what_fires_the_critical_alerts_first(shop: Shop) -> None:
    shop.set_status(**DEGRADED)

    out = shop.run("status", "shop").out

    listed = re.search(r"^Alerts\n(.+?)\n\n", out, re.DOTALL | re.MULTILINE)
    assert listed
    assert re.fullmatch(
        r"- CeleryWorkersDown, critical, since 2026-01-01T00:00:00Z \(\d+ h\): Something is wrong in shop\.\n"
        r"  Runbook: docs/runbooks/workers/CeleryWorkersDown\.md\n"
        r"- CeleryHighQueueDepth, warning, since 2026-01-01T00:00:00Z \(\d+ h\): 1200 messages are ready\.\n"
        r"  Runbook: docs/runbooks/workers/CeleryWorkersDown\.md",
        listed[1],
    )
    assert "CeleryDeadLetters" not in out


def test_status_shows_why_autoscaling_chose_the_replicas(empty: Shop) -> None:
    empty.create(autoscaling={"minReplicas": 0, "maxReplicas": 6})
    scaling = {"message": "0 -> 6: 600 ready, 0 active", "at": "2026-01-01T00:00:00Z"}
    background = {**DEGRADED["workers"][0], "name": "background", "desiredReplicas": 6, "draining": 1}
    empty.set_status(health="Healthy", workers=[DEGRADED["workers"][0], {**background, "scaling": scaling}])

    rows = [" ".join(line.split()) for line in empty.run("status", "shop").out.splitlines()]

    title = rows.index("Autoscaling")
    assert rows[title + 1] == "group desired min max draining last change reason"
    assert re.fullmatch(r"background 6 0 6 1 \d+ h ago 0 -> 6: 600 ready, 0 active", rows[title + 2])
    assert not rows[title + 3]


def test_before_the_first_change_of_size_there_is_none_in_the_table(empty: Shop) -> None:
    empty.create(autoscaling={"minReplicas": 0, "maxReplicas": 6})

    rows = [" ".join(line.split()) for line in empty.run("status", "shop").out.splitlines()]

    assert "background ? 0 6 ? none" in rows


def test_groups_of_fixed_size_have_no_table_of_autoscaling(shop: Shop) -> None:
    shop.set_status(**DEGRADED)

    assert "Autoscaling" not in shop.run("status", "shop").out


@pytest.mark.parametrize(
    ("health", "consuming", "code"),
    [("Healthy", 1, 0), ("Degraded", 1, 1), ("Unhealthy", 1, 2), ("Unknown", 1, 1), ("Unknown", 0, 2)],
)
def test_the_exit_code_of_status_is_the_health(shop: Shop, health: str, consuming: int, code: int) -> None:
    workers = [{**DEGRADED["workers"][0], "consumingReplicas": consuming}]
    shop.set_status(health=health, workers=workers)

    assert shop.run("status", "shop").code == code


def test_a_resource_without_a_status_is_unknown(shop: Shop) -> None:
    outcome = shop.run("status", "shop")

    assert outcome.code == 2
    assert "shop  Unknown\n\nThere is no status yet" in outcome.out
    assert "Conditions: unknown" in outcome.out


def test_a_status_about_an_earlier_spec_says_so(shop: Shop) -> None:
    shop.set_status(health="Healthy", observedGeneration=0)

    assert "about an earlier spec" in shop.run("status", "shop").out


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_programs_get_the_status_as_the_api_has_it(shop: Shop, output: str, read: Any) -> None:
    shop.set_status(**DEGRADED)

    outcome = shop.run("status", "shop", "-o", output)

    document = read(outcome.out)
    assert outcome.code == 1
    assert document == {
        "namespace": shop.namespace,
        "name": "shop",
        "generation": 1,
        "healingPaused": False,
        **shop.resource()["status"],
    }


def test_without_a_name_all_of_the_namespace_are_listed_and_the_worst_is_the_exit_code(shop: Shop) -> None:
    shop.create("market")
    shop.set_status(**DEGRADED)
    shop.set_status("market", health="Healthy", ready="3/3", backlog=0)

    outcome = shop.run("status")
    rows = [" ".join(line.split()) for line in outcome.out.splitlines()]

    assert outcome.code == 1
    assert "market Healthy 3/3 0 ?" in rows
    assert f"shop Degraded 2/3 1,200 7 Running {DEGRADED['message']}" in rows
    assert [item["name"] for item in shop.run("status", "-o", "json").document["items"]] == ["market", "shop"]


def test_all_namespaces_are_listed_with_their_names(shop: Shop) -> None:
    outcome = shop.cluster.plugin("status", "-A")

    assert re.search(rf"{shop.namespace} +shop +Unknown", outcome.out)
    assert outcome.code == 2


def test_a_namespace_without_any_is_no_error(empty: Shop) -> None:
    outcome = empty.run("status")

    assert outcome.code == 0
    assert outcome.err == (
        f"There is no CeleryDeployment in namespace {empty.namespace}: "
        "use -n NAMESPACE, or -A for all namespaces.\n"
    )
    assert empty.run("status", "-o", "json").document == {"items": []}


def test_the_namespace_may_stand_before_the_command(shop: Shop) -> None:
    assert shop.cluster.plugin("-n", shop.namespace, "status", "shop").code == 2
