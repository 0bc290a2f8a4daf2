"""The right size of a group, as the operator decides it, the plugin shows it, and its command sets it."""

import os
import subprocess
from typing import Any

import pytest

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.decide import decide
from tests.integration.kubectl.harness import RESOURCE, Shop
from tests.integration.kubectl.statuses import DEGRADED
from tests.unit.decide.build import snapshot
from tests.unit.usage.build import minute, usage_of

RESOURCES = {"requests": {"memory": "1Gi", "cpu": 2}, "limits": {"memory": "2Gi", "example.dev/fpga": "1"}}
RIGHT = {
    "requests": {"memory": "352Mi", "cpu": "400m"},
    "limits": {"memory": "544Mi", "example.dev/fpga": "1"},
}
USAGE = usage_of(*[minute(300, 412, 320)] * 3, days=9)


@pytest.fixture
def sized(empty: Shop) -> Shop:
    """A resource whose operator has seen the group ``background`` for nine days."""
    empty.create(resources=RESOURCES)
    status = decided(empty)
    empty.cluster.set_status(RESOURCE, "shop", empty.namespace, status.wire())
    return empty


def decided(shop: Shop) -> CeleryDeploymentStatus:
    resource = shop.resource()
    known: dict[str, Any] = {
        "spec": CeleryDeploymentSpec.model_validate(resource["spec"]),
        "namespace": shop.namespace,
        "generation": resource["metadata"]["generation"],
        "previous": CeleryDeploymentStatus.read(resource.get("status")),
    }
    return decide(snapshot(**known, pods=(), deployments=(), usages={"background": USAGE})).status


def recommended(shop: Shop) -> list[str]:
    found = shop.resource()["status"].get("recommendations", ())
    return [one["command"] for one in found if "limits.memory" in one["message"]]


def run(shop: Shop, command: str) -> subprocess.CompletedProcess[str]:
    """As a person pastes it into a shell."""
    cluster = shop.cluster
    path = f"{cluster.kubectl.parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "KUBECONFIG": str(cluster.kubeconfig)}
    return subprocess.run(
        command, shell=True, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_status_shows_the_right_size_with_its_evidence(sized: Shop) -> None:
    outcome = sized.run("status", "shop")
    evidence = "Up to 3 workers of group background used at most 412Mi of memory"
    assert f"- {evidence}" in outcome.out
    (command,) = recommended(sized)
    assert f"\n  $ {command}\n" in outcome.out
    rows = [" ".join(line.split()) for line in outcome.out.splitlines()]
    title = rows.index("Right size")
    assert rows[title + 1] == "group memory request memory limit CPU request concurrency evidence"
    assert rows[title + 2].startswith(f"background 352Mi 544Mi 400m 4 {evidence}")


def test_the_command_sets_the_size_and_is_then_no_longer_recommended(sized: Shop) -> None:
    (command,) = recommended(sized)
    done = run(sized, command)
    assert done.returncode == 0, done.stderr
    orders, background = sized.resource()["spec"]["workers"]
    assert background["resources"] == RIGHT
    assert orders["name"] == "orders"
    sized.cluster.set_status(RESOURCE, "shop", sized.namespace, decided(sized).wire())
    assert not recommended(sized)
    assert "Right size" in sized.run("status", "shop").out


def test_the_command_changes_no_other_group_where_the_spec_has_changed(sized: Shop) -> None:
    (command,) = recommended(sized)
    steps = '[{"op":"add","path":"/spec/workers/0","value":{"name":"other"}}]'
    sized.cluster.run("patch", RESOURCE, "shop", "-n", sized.namespace, "--type=json", "-p", steps)
    done = run(sized, command)
    assert done.returncode != 0
    assert "resources" not in sized.resource()["spec"]["workers"][1]


def test_before_a_group_was_seen_for_a_day_there_is_no_table_of_sizes(shop: Shop) -> None:
    shop.set_status(**DEGRADED)
    assert "Right size" not in shop.run("status", "shop").out
