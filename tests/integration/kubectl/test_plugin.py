"""``kubectl celery`` on a real API server, through the real kubectl."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.testbed.waiting import wait_for

from celery_kubectl import kubectl as kubectl_program
from celery_kubectl import resource
from celery_operator.api import names
from tests.integration.kubectl.harness import PLUGIN, Cluster, Outcome, Shop

CONDITION = {
    "type": "WorkersHealthy",
    "status": "False",
    "reason": "WorkerStalled",
    "message": "shop-orders-1 takes nothing though messages wait in email.",
    "observedGeneration": 1,
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}
DEGRADED: dict[str, Any] = {
    "health": "Degraded",
    "message": "shop-orders-1 takes nothing though messages wait in email.",
    "ready": "2/3",
    "backlog": 1200,
    "active": 7,
    "workers": [
        {
            "name": "orders",
            "replicas": 2,
            "updatedReplicas": 2,
            "readyReplicas": 2,
            "consumingReplicas": 1,
            "active": 4,
            "reserved": 2,
            "eta": 0,
        }
    ],
    "queues": [{"name": "email", "ready": 1200}, {"name": "media"}],
    "broker": {"kind": "redis", "address": "redis://redis:6379/0", "state": "Reachable"},
    "beat": {"state": "Running"},
    "conditions": [CONDITION],
    "recommendations": [{"message": "Add workers.", "command": "kubectl scale celerydeployment shop"}],
    "restarts": {
        "total": 3,
        "recent": [
            {
                "pod": "shop-orders-0",
                "group": "orders",
                "reason": "WorkerStalled",
                "at": "2026-01-01T00:00:00Z",
                "recovered": True,
            },
            {
                "pod": "shop-orders-1",
                "group": "orders",
                "reason": "WorkerStalled",
                "at": "2026-01-01T00:01:00Z",
            },
        ],
        "pauses": [{"group": "background", "failures": 2, "until": "2026-01-01T01:00:00Z"}],
    },
}


def test_the_plugin_and_the_operator_mean_the_same_names() -> None:
    assert f"{names.PLURAL}.{names.GROUP}" == kubectl_program.RESOURCE
    assert resource.PAUSE == names.ANNOTATION_PAUSE_HEALING
    assert resource.RESTARTED_AT == names.ANNOTATION_RESTARTED_AT


def test_status_shows_everything_that_the_operator_found(shop: Shop) -> None:
    shop.tell(**DEGRADED)

    outcome = shop.run("status", "shop")

    assert outcome.code == 1
    for words in (
        f"shop  Degraded  2/3 workers consuming\n\n{DEGRADED['message']}\n",
        "app shop.celery, image shop:1, broker redis://redis:6379/0 (Reachable), beat Running",
        "- Add workers.\n  $ kubectl scale celerydeployment shop",
        "Restarts by the operator: 3",
        "Healing of group background is paused until 2026-01-01T01:00:00Z",
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


def test_status_shows_why_autoscaling_chose_the_replicas(empty: Shop) -> None:
    empty.create(autoscaling={"minReplicas": 0, "maxReplicas": 6})
    scaling = {"message": "0 -> 6: 600 ready, 0 running", "at": "2026-01-01T00:00:00Z"}
    background = {**DEGRADED["workers"][0], "name": "background", "desiredReplicas": 6, "draining": 1}
    empty.tell(health="Healthy", workers=[DEGRADED["workers"][0], {**background, "scaling": scaling}])

    rows = [" ".join(line.split()) for line in empty.run("status", "shop").out.splitlines()]

    title = rows.index("Autoscaling")
    assert rows[title + 1] == "group desired min max draining last change reason"
    assert re.fullmatch(r"background 6 0 6 1 \d+ h ago 0 -> 6: 600 ready, 0 running", rows[title + 2])
    assert not rows[title + 3]


def test_before_the_first_change_of_size_there_is_none_in_the_table(empty: Shop) -> None:
    empty.create(autoscaling={"minReplicas": 0, "maxReplicas": 6})

    rows = [" ".join(line.split()) for line in empty.run("status", "shop").out.splitlines()]

    assert "background ? 0 6 ? none" in rows


def test_groups_of_fixed_size_have_no_table_of_autoscaling(shop: Shop) -> None:
    shop.tell(**DEGRADED)

    assert "Autoscaling" not in shop.run("status", "shop").out


@pytest.mark.parametrize(
    ("health", "consuming", "code"),
    [("Healthy", 1, 0), ("Degraded", 1, 1), ("Unhealthy", 1, 2), ("Unknown", 1, 1), ("Unknown", 0, 2)],
)
def test_the_exit_code_of_status_is_the_health(shop: Shop, health: str, consuming: int, code: int) -> None:
    workers = [{**DEGRADED["workers"][0], "consumingReplicas": consuming}]
    shop.tell(health=health, workers=workers)

    assert shop.run("status", "shop").code == code


def test_a_resource_without_a_status_is_unknown(shop: Shop) -> None:
    outcome = shop.run("status", "shop")

    assert outcome.code == 2
    assert "shop  Unknown\n\nThere is no status yet" in outcome.out
    assert "Conditions: unknown" in outcome.out


def test_a_status_about_an_earlier_spec_says_so(shop: Shop) -> None:
    shop.tell(health="Healthy", observedGeneration=0)

    assert "about an earlier spec" in shop.run("status", "shop").out


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_programs_get_the_status_as_the_api_has_it(shop: Shop, output: str, read: Any) -> None:
    shop.tell(**DEGRADED)

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
    shop.tell(**DEGRADED)
    shop.tell("market", health="Healthy", ready="3/3", backlog=0)

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


@pytest.mark.parametrize("command", ["status", "restart", "pause", "resume"])
def test_an_unknown_name_is_reported_with_the_existing_names(shop: Shop, command: str) -> None:
    outcome = shop.run(command, "shpo")

    assert outcome.code == 3
    assert outcome.err == (
        f"Error: There is no CeleryDeployment 'shpo' in namespace {shop.namespace}: there is shop.\n"
    )


def test_an_unknown_name_in_an_empty_namespace_points_to_other_namespaces(cluster: Cluster) -> None:
    outcome = cluster.plugin("status", "shop")

    assert outcome.code == 3
    assert "in namespace default: use -n NAMESPACE" in outcome.err


def test_a_cluster_without_the_operator_is_reported(bare_cluster: Cluster) -> None:
    outcome = bare_cluster.plugin("status")

    assert outcome.code == 3
    assert outcome.err.startswith(
        "Error: This cluster has no resource type CeleryDeployment: install the operator"
    )


def test_a_cluster_that_does_not_answer_is_reported(shop: Shop, tmp_path: Path) -> None:
    config = yaml.safe_load(shop.cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))

    outcome = shop.run("status", "--kubeconfig", str(file))

    assert outcome.code == 3
    assert outcome.err.startswith("Error: The cluster does not answer: ")


def test_an_unknown_context_is_reported_in_kubectls_words(shop: Shop) -> None:
    outcome = shop.run("status", "--context", "moon")

    assert outcome.code == 3
    assert re.search(r'Error: kubectl: context "?moon"? does not exist', outcome.err)


def test_a_missing_permission_is_reported(shop: Shop, tmp_path: Path) -> None:
    config = yaml.safe_load(shop.cluster.kubeconfig.read_text())
    config["users"][0]["user"]["as"] = "visitor"
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))

    outcome = shop.run("pause", "shop", "--kubeconfig", str(file))

    assert outcome.code == 3
    assert (
        'You do not have the permission: celerydeployments.celery-operator.dev "shop" is forbidden'
        in outcome.err
    )
    assert 'User "visitor" cannot get resource' in outcome.err


def test_a_missing_kubectl_is_reported(shop: Shop) -> None:
    outcome = shop.run("status", KUBECTL="/nowhere/kubectl")

    assert outcome.code == 3
    assert "There is no program '/nowhere/kubectl': install kubectl, or set KUBECTL" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["status", "shop", "-A"], "NAME and -A exclude each other"),
        (["status", "-o", "wide"], "'wide' is not one of 'table', 'json', 'yaml'"),
        (["restart"], "Missing argument 'NAME'"),
        (["restart", "shop", "--timeout", "0"], "0.0 is not in the range"),
        (["stop", "shop"], "No such command 'stop'"),
    ],
)
def test_wrong_usage_exits_with_3(cluster: Cluster, arguments: list[str], words: str) -> None:
    outcome = cluster.plugin(*arguments)

    assert outcome.code == 3
    assert words in outcome.err


def test_pause_and_resume_set_and_remove_the_annotation(shop: Shop) -> None:
    paused = shop.run("pause", "shop")
    assert paused.code == 0
    assert paused.out.startswith("shop: healing is paused.")
    assert shop.annotations()[names.ANNOTATION_PAUSE_HEALING] == "true"
    assert "Healing is paused. To resume: kubectl celery resume shop" in shop.run("status", "shop").out

    resumed = shop.run("resume", "shop")
    assert (resumed.code, resumed.out) == (0, "shop: healing is resumed.\n")
    assert names.ANNOTATION_PAUSE_HEALING not in shop.annotations()

    again = shop.run("resume", "shop")
    assert (again.code, again.out) == (0, "shop: healing was not paused.\n")


def test_restart_annotates_the_resource_or_the_groups_given(shop: Shop) -> None:
    everything = shop.run("restart", "shop")
    assert (everything.code, everything.out) == (0, "shop: requested a restart of all groups and beat.\n")
    assert shop.annotations().keys() == {names.ANNOTATION_RESTARTED_AT}
    first = shop.annotations()[names.ANNOTATION_RESTARTED_AT]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first)

    some = shop.run("restart", "shop", "--group", "orders", "--group", "background")
    assert some.out == "shop: requested a restart of groups orders and background.\n"
    assert shop.annotations().keys() == {
        names.ANNOTATION_RESTARTED_AT,
        f"{names.ANNOTATION_RESTARTED_AT}.orders",
        f"{names.ANNOTATION_RESTARTED_AT}.background",
    }
    assert shop.annotations()[names.ANNOTATION_RESTARTED_AT] == first


def test_an_unknown_group_is_reported_with_the_existing_groups(shop: Shop) -> None:
    outcome = shop.run("restart", "shop", "--group", "beat")

    assert outcome.code == 3
    assert "shop has no worker group 'beat': there are orders and background." in outcome.err
    assert "leave out --group" in outcome.err
    assert shop.annotations() == {}


def test_restart_waits_until_every_pod_is_new(shop: Shop) -> None:
    shop.deployment("orders", "worker", replicas=2)
    shop.deployment("background", "worker", replicas=1)
    with _started(shop, "restart", "shop", "--wait") as plugin:
        wait_for(shop.annotations, 30, "the annotation")
        _wait_for_line(plugin, "orders: waiting for the operator")
        _wait_for_line(plugin, "beat: there is no Deployment yet")
        shop.deployment("beat", "beat", replicas=1)
        for part in ("background", "beat"):
            shop.roll_out(part, updated=1)
        shop.roll_out("orders", updated=1)
        _wait_for_line(plugin, "orders: 1 of 2 pods is new")
        shop.roll_out("orders", updated=2, available=1)
        _wait_for_line(plugin, "orders: 2 of 2 pods are new")
        shop.roll_out("orders", updated=2)
        _wait_for_line(plugin, "orders: all pods are new")

        assert plugin.wait(30) == 0


def test_a_restart_that_takes_too_long_shows_the_obstacle(shop: Shop) -> None:
    shop.deployment("orders", "worker", replicas=2)
    stalled = {**CONDITION, "type": "Stalled", "status": "True", "message": "The image cannot be pulled."}
    shop.tell(health="Unhealthy", conditions=[stalled])

    outcome: Outcome = shop.run("restart", "shop", "--group", "orders", "--wait", "--timeout", "2")

    assert outcome.code == 2
    assert "shop is stalled: The image cannot be pulled." in outcome.out
    assert outcome.err == "Not done after 2 s. The rollout continues.\n"


def test_ctrl_c_ends_the_wait_and_not_the_restart(shop: Shop) -> None:
    shop.deployment("orders", "worker", replicas=2)
    with _started(shop, "restart", "shop", "--group", "orders", "--wait") as plugin:
        _wait_for_line(plugin, "orders: waiting for the operator")
        # As a terminal does it: kubectl, if it runs just then, gets the signal too.
        os.killpg(plugin.pid, signal.SIGINT)

        assert plugin.wait(30) == 130


@contextmanager
def _started(shop: Shop, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    plugin = subprocess.Popen(
        [str(PLUGIN), *arguments, "-n", shop.namespace],
        env={**shop.cluster.environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with plugin:
        try:
            yield plugin
        finally:
            plugin.kill()


def _wait_for_line(plugin: "subprocess.Popen[str]", words: str) -> None:
    """Read on to a line with these words, within the test's own time limit."""
    assert plugin.stdout is not None
    end = time.monotonic() + 60
    for line in plugin.stdout:
        if words in line:
            return
        assert time.monotonic() < end
    raise AssertionError(f"it ended without {words!r}")
