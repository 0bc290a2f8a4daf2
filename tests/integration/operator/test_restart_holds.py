"""Which workers may be restarted and when: after a crash, in a whole fleet, and by the policy."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_operator.decide.healing.restart_pacing import RESTART_HOLD_SECONDS
from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, POD, STATEFUL_SET, Kind
from tests.integration.api.apiserver import Object
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.sidecars import QUEUE, Worker, Workers
from tests.integration.operator.test_healing import SEEN_WITHIN, notes, pods, restarts
from tests.integration.operator.world import World, group

WEBHOOK = Kind(
    "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations"
)

CONTAINERS = (("shop-default", "worker"), ("shop-mail", "worker"), ("shop-beat", "beat"))


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A port that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(SEEN_WITHIN)
        yield listener


def waits_for(silent_server: socket.socket, namespace: str) -> Object:
    """A webhook that every eviction of the namespace has to pass, and that leaves it waiting."""
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "resources": ["pods/eviction"],
        "operations": ["CREATE"],
    }
    hook = {
        "name": "slow.example.com",
        "clientConfig": {"url": f"https://127.0.0.1:{silent_server.getsockname()[1]}/"},
        "failurePolicy": "Fail",
        "timeoutSeconds": 30,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [rule],
    }
    head = {"apiVersion": WEBHOOK.api_version, "kind": WEBHOOK.kind, "metadata": {"name": namespace}}
    return {**head, "webhooks": [hook]}


def ready(world: World) -> str:
    resource = world.get(CELERY_DEPLOYMENT, "shop") or {}
    return str(resource.get("status", {}).get("ready", ""))


def become_unhealthy(fleet: list[Worker]) -> None:
    for worker in fleet:
        worker.reason, worker.live = "Deaf", False


def probes(world: World, name: str, container: str) -> set[str]:
    """The probes that a container of a Deployment or a StatefulSet has."""
    template = (world.get(DEPLOYMENT, name) or world.get(STATEFUL_SET, name) or {})["spec"]["template"]
    (found,) = [one for one in template["spec"]["containers"] if one["name"] == container]
    return {name for name in found if name.endswith("Probe")}


def test_an_operator_killed_before_its_eviction_is_done_has_used_up_the_attempt(
    world: World,
    broker: RedisServer,
    workers: Workers,
    silent_server: socket.socket,
    start_operator: StartOperator,
) -> None:
    assert (
        world.api.request("POST", WEBHOOK.path(None), waits_for(silent_server, world.namespace)).status == 201
    )
    first = start_operator("--reconcile-seconds=1", "--identity=operator-0").until_it_leads()
    world.create_shop(
        broker={"url": broker.url},
        workers=[group("default", replicas=2, queues=[QUEUE])],
        health={"stalledAfterSeconds": 10},
    )
    stalled = [workers.run(pod, works=False) for pod in pods(world, 2)]

    # The eviction is on its way: what it used up stands in the status already.
    with closing(silent_server.accept()[0]):
        assert restarts(world)["total"] == 1
        first.kill()
    assert world.api.request("DELETE", WEBHOOK.path(None, world.namespace)).status == 200
    written = restarts(world)["recent"]
    start_operator("--reconcile-seconds=1", "--identity=operator-0").until_it_leads()
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

    assert restarts(world)["recent"] == written
    assert all(world.there(POD, worker.name) for worker in stalled)
    assert not notes(world, "EvictionRefused")


def test_of_a_fleet_that_goes_deaf_at_once_half_waits_for_the_other(
    world: World, workers: Workers, start_operator: StartOperator
) -> None:
    start_operator("--reconcile-seconds=1").until_it_leads()
    world.create_shop(workers=[group("default", replicas=4, queues=[QUEUE])])
    fleet = sorted((workers.run(pod, works=True) for pod in pods(world, 4)), key=lambda worker: worker.name)
    wait_for(lambda: ready(world) == "4/4", timeout=30, describe="all consuming")
    assert not any(worker.orders for worker in fleet)

    become_unhealthy(fleet)
    first, second = fleet[:2], fleet[2:]
    wait_for(
        lambda: all(worker.has_restart_hold for worker in second), describe="restart holds of the second half"
    )
    for worker in first:
        worker.reason = "Starting"
    sent = len(second[0].orders)
    wait_for(lambda: len(second[0].orders) >= sent + 2, describe="the hold renewed")
    assert {seconds for worker in second for _, seconds in worker.orders} == {RESTART_HOLD_SECONDS}

    for worker in first:
        worker.reason, worker.live = "Consuming", True
    wait_for(
        lambda: not any(worker.has_restart_hold for worker in second),
        describe="the end of those restart holds",
    )
    assert not any(worker.orders for worker in first)


def test_the_policy_decides_whether_the_kubelet_may_restart(operator: OperatorProcess, world: World) -> None:
    assert operator.leads()
    never = {"restart": {"policy": "Never"}}
    world.create_shop(health=never, beat={"enabled": True})
    world.until_owned_objects("shop-default", "shop-mail", "shop-beat")
    assert [probes(world, name, of) for name, of in CONTAINERS] == [{"readinessProbe", "startupProbe"}] * 3

    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"health": {"restart": {"policy": "OnUnhealthy"}}}})
    whole = {"readinessProbe", "startupProbe", "livenessProbe"}
    wait_for(
        lambda: all(probes(world, name, of) == whole for name, of in CONTAINERS), describe="liveness probes"
    )
