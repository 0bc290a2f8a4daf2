"""A spec that cannot be applied is reported with its cause, and what runs is left alone."""

from typing import Any

import pytest
from tools.testbed.waiting import wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, POD, SECRET, Kind
from tests.integration.operator.attempts import DRY, deployment
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.world import World, group

REFUSED_TEMPLATE = {"spec": {"containers": [{"name": "worker", "imagePullPolicy": "Sometimes"}]}}


WEBHOOK = Kind(
    "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations"
)


def dead_webhook(namespace: str) -> dict[str, Any]:
    """A webhook that no server answers and that every Deployment of the namespace has to pass."""
    hook = {
        "name": "dead.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [
            {
                "apiGroups": ["apps"],
                "apiVersions": ["v1"],
                "resources": ["deployments"],
                "operations": ["CREATE"],
            }
        ],
    }
    head = {"apiVersion": WEBHOOK.api_version, "kind": WEBHOOK.kind, "metadata": {"name": namespace}}
    return {**head, "webhooks": [hook]}


def whole_status(world: World) -> str:
    return str((world.get(CELERY_DEPLOYMENT, "shop") or {}).get("status", {}))


def test_a_refused_group_stalls_with_the_servers_words_and_leaves_the_other(
    operator: OperatorProcess, world: World
) -> None:
    world.create_shop()
    world.until_owned_objects("shop-default", "shop-mail")
    before = world.get(DEPLOYMENT, "shop-mail")

    broken = group("mail", queues=["email"], template=REFUSED_TEMPLATE)
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"workers": [group("default", concurrency=2), broken]}})
    stalled = wait_for(
        lambda: (found := world.condition("Stalled")).get("status") == "True" and found,
        describe="Stalled is True",
    )

    def concurrency_of_the_other() -> bool:
        found = world.get(DEPLOYMENT, "shop-default")
        return found is not None and "2" in found["spec"]["template"]["spec"]["containers"][0]["command"]

    wait_for(concurrency_of_the_other, describe="the other group's concurrency")
    after = world.get(DEPLOYMENT, "shop-mail")

    assert "shop-mail" in stalled["message"]
    assert "imagePullPolicy" in stalled["message"]
    assert before
    assert after
    assert after["spec"] == before["spec"]


def test_a_corrected_group_is_stalled_no_longer(operator: OperatorProcess, world: World) -> None:
    world.create_shop(workers=[group("default", template=REFUSED_TEMPLATE)])
    wait_for(lambda: world.condition("Stalled").get("status") == "True", describe="Stalled is True")

    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"workers": [group("default")]}})

    wait_for(lambda: world.there(DEPLOYMENT, "shop-default"), describe="the Deployment")
    wait_for(lambda: world.condition("Stalled").get("status") == "False", describe="Stalled is False")


def test_a_missing_secret_is_named_with_the_command_that_makes_it_and_heals(
    operator: OperatorProcess, world: World
) -> None:
    world.create_shop(broker={"urlFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}})
    command = f"kubectl -n {world.namespace} create secret generic broker --from-literal=url="
    wait_for(lambda: command in whole_status(world), describe="a status with the command")

    world.create_secret("broker", other="x")
    wait_for(lambda: "no text under the key url" in whole_status(world), describe="a status about the key")
    world.delete(SECRET, "broker")
    world.create_secret("broker", url="redis://:hunter2@127.0.0.1:1/0")

    wait_for(lambda: "redis://127.0.0.1:1/0" in whole_status(world), describe="a status about the broker")
    wait_for(lambda: command not in whole_status(world), describe="a status without the command")
    assert "hunter2" not in whole_status(world) + operator.log.read_text() + str(world.events())


@pytest.mark.parametrize(
    "said", ["at redis://:hunter2@broker/0", "with hunter2/and/more", "with hunter2%2Fand%2Fmore"]
)
def test_why_a_pod_does_not_run_is_reported_without_its_secrets(
    operator: OperatorProcess, world: World, said: str
) -> None:
    world.create_secret("broker", url="redis://:hunter2%2Fand%2Fmore@127.0.0.1:1/0")
    world.create_shop(
        broker={"urlFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}}, workers=[group("default")]
    )
    pod = wait_for(lambda: world.pods_of("shop-default"), describe="a pod")[0]["metadata"]["name"]
    ended = {"exitCode": 1, "reason": "Error", "message": f"ImportError: no module named shop {said}"}
    worker = {
        "name": "worker",
        "ready": False,
        "restartCount": 3,
        "image": "shop:1",
        "imageID": "",
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting"}},
        "lastState": {"terminated": ended},
    }
    world.change(
        POD,
        pod,
        {
            "status": {
                "phase": "Running",
                "conditions": [{"type": "PodScheduled", "status": "True"}],
                "containerStatuses": [worker],
            }
        },
        "status",
    )

    wait_for(lambda: "no module named shop" in whole_status(world), describe="a status with the error")

    assert "hunter2" not in whole_status(world) + str(world.events())


def test_a_broker_of_an_unknown_scheme_does_not_stop_the_workers(
    operator: OperatorProcess, world: World
) -> None:
    world.create_shop(broker={"url": "sqs://queue.example"})
    world.until_owned_objects("shop-default", "shop-mail")

    assert wait_for(lambda: world.condition("BrokerReachable"), describe="a verdict")["status"] != "True"


def test_a_webhook_that_does_not_answer_is_reported_and_heals(
    operator: OperatorProcess, world: World
) -> None:
    assert world.api.request("POST", WEBHOOK.path(None), dead_webhook(world.namespace)).status == 201
    head = {"apiVersion": DEPLOYMENT.api_version, "kind": DEPLOYMENT.kind, "metadata": {"name": "tried"}}
    tried = {**head, "spec": deployment({"of": "others"})}
    wait_for(
        lambda: (
            "failed calling webhook"
            in world.api.request("POST", DEPLOYMENT.path(world.namespace) + DRY, tried).message
        ),
        describe="the webhook is in force",
    )
    world.create_shop()
    wait_for(lambda: "failed calling webhook" in whole_status(world), describe="a status about it")

    assert world.api.request("DELETE", WEBHOOK.path(None, world.namespace)).status == 200

    wait_for(lambda: world.there(DEPLOYMENT, "shop-default"), describe="the Deployment")
    wait_for(
        lambda: "failed calling webhook" not in whole_status(world), describe="a status without the fault"
    )
