"""A user of a real monitor acts on worker groups: through the real operator, on a real API server."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_operator.api.names import (
    ANNOTATION_MONITOR_REQUESTS,
    ANNOTATION_PAUSE_HEALING,
    ANNOTATION_RESTARTED_AT,
)
from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, POD, SECRET
from celery_operator.resources.monitor_deployment import MONITOR_PORT
from tests.integration.monitor.monitor_process import API, TOKEN, Monitor, monitor
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.world import World, group

SECONDS = 90.0
WORKERS = [
    group("default"),
    group("mail", queues=["mail"]),
    {"name": "auto", "queues": ["auto"], "autoscaling": {"minReplicas": 1, "maxReplicas": 3}},
]


def push_token(world: World) -> str:
    secret = wait_for(lambda: world.there(SECRET, "shop-monitor"), describe="the Secret of the monitor")
    return base64.b64decode(secret["data"]["push-token"]).decode()


def address_of(pod: Any) -> str:
    """An address of this machine that no other test uses."""
    number = int(pod["metadata"]["uid"][:6], 16)
    return f"127.{1 + (number >> 16) % 254}.{(number >> 8) % 256}.{1 + number % 254}"


def run_pod(world: World, pod: Any, address: str) -> None:
    """Let the monitor's pod run, as a kubelet would."""
    status = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready")],
    }
    world.change(POD, pod["metadata"]["name"], {"status": status}, "status")


def prepare(world: World, broker: RedisServer) -> None:
    world.create_shop(workers=WORKERS, broker={"url": broker.url}, monitor={"enabled": True})
    world.until_owned_objects("shop-default", "shop-mail", "shop-monitor")


@pytest.fixture
def watched(
    operator: OperatorProcess, world: World, broker: RedisServer, tmp_path: Path
) -> Iterator[Monitor]:
    """The monitor of a shop, which the operator pushes to."""
    prepare(world, broker)
    (pod,) = wait_for(lambda: world.pods_of("shop-monitor"), describe="the monitor's pod")
    address = address_of(pod)
    options = ("--host", address, "--port", str(MONITOR_PORT), "--broker", broker.url)
    with monitor(tmp_path / "monitor", *options, "--push-token", push_token(world)) as running:
        run_pod(world, pod, address)
        wait_for(
            lambda: running.request(f"{API}/resource")[0] == 200, timeout=SECONDS, describe="the first push"
        )
        yield running


def ask(running: Monitor, path: str, body: Any = None) -> str:
    """The id of the request that a user makes."""
    request = urllib.request.Request(
        f"{running.url}{API}/groups/{path}",
        data=b"" if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 202
        return str(json.loads(response.read())["id"])


def outcome(running: Monitor, identity: str) -> Any:
    """What became of a request, once the operator has said it."""

    def ended() -> Any:
        found = [one for one in running.get("/resource")["requests"] if one["id"] == identity]
        return found and found[0]["state"] != "waiting" and found[0]

    return wait_for(ended, timeout=SECONDS, describe="the outcome")


def annotations(world: World) -> dict[str, str]:
    resource = world.get(CELERY_DEPLOYMENT, "shop")
    assert resource
    return dict(resource["metadata"].get("annotations", {}))


def replicas(world: World, name: str) -> int:
    found = world.get(DEPLOYMENT, name)
    assert found
    return int(found["spec"]["replicas"])


def template_annotations(world: World, name: str) -> dict[str, str]:
    found = world.get(DEPLOYMENT, name)
    assert found
    return dict(found["spec"]["template"]["metadata"].get("annotations", {}))


def test_what_a_user_asks_is_done_to_the_group_alone(watched: Monitor, world: World) -> None:
    restarted = f"{ANNOTATION_RESTARTED_AT}.mail"
    assert outcome(watched, ask(watched, "mail/restart"))["state"] == "done"
    wait_for(lambda: restarted in template_annotations(world, "shop-mail"), describe="the rollout")
    assert restarted not in template_annotations(world, "shop-default")

    assert outcome(watched, ask(watched, "mail/scale", {"replicas": 3}))["state"] == "done"
    wait_for(lambda: replicas(world, "shop-mail") == 3, timeout=SECONDS, describe="3 pods of mail")
    assert replicas(world, "shop-default") == 1

    assert outcome(watched, ask(watched, "default/scale", {"replicas": 2}))["state"] == "done"
    wait_for(lambda: replicas(world, "shop-default") == 2, timeout=SECONDS, describe="2 pods of default")
    resource = world.get(CELERY_DEPLOYMENT, "shop")
    assert resource
    assert resource["spec"]["replicas"] == 2

    pause = f"{ANNOTATION_PAUSE_HEALING}.mail"
    assert outcome(watched, ask(watched, "mail/pause"))["state"] == "done"
    assert annotations(world)[pause] == "true"
    wait_for(
        lambda: [one["healing_paused"] for one in watched.get("/resource")["groups"]] == [False, True, False],
        timeout=SECONDS,
        describe="the pause in the monitor",
    )
    assert outcome(watched, ask(watched, "mail/resume"))["state"] == "done"
    assert pause not in annotations(world)

    refused = outcome(watched, ask(watched, "auto/scale", {"replicas": 2}))
    assert refused["state"] == "refused"
    assert "minReplicas and maxReplicas" in refused["message"]
    assert [one["identity"] for one in watched.get("/audit")["entries"] if one["action"] == "scale_group"]
    assert [note for reason, note in world.events() if reason == "RequestedByMonitor"]


def test_a_request_waits_for_an_operator_that_restarts_and_is_done_once(
    watched: Monitor, operator: OperatorProcess, start_operator: StartOperator, world: World
) -> None:
    first = ask(watched, "default/scale", {"replicas": 2})
    assert outcome(watched, first)["state"] == "done"
    assert operator.stop() == 0
    second = ask(watched, "default/scale", {"replicas": 4})
    # A person scales meanwhile: the first request must not be carried out again.
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"replicas": 3}})
    start_operator().until_it_leads()
    assert outcome(watched, second)["state"] == "done"
    wait_for(lambda: replicas(world, "shop-default") == 4, timeout=SECONDS, describe="4 pods")
    assert annotations(world)[ANNOTATION_MONITOR_REQUESTS].split() == [first, second]
