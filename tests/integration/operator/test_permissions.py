"""The operator with a ServiceAccount's token and exactly the Roles that the chart renders."""

import json
from pathlib import Path
from typing import Any

import pytest
from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.waiting import wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, SECRET, SERVICE_ACCOUNT_KIND, Kind
from tests.integration.chart.helm import of_kind, render
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.world import World

ACCOUNT = "celery-operator"
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")


@pytest.fixture
def kubeconfig(plane: ControlPlane, world: World, tmp_path: Path) -> Path:
    """The kubeconfig of a ServiceAccount that is bound to the chart's Roles, in the test's namespace."""
    world.create(SERVICE_ACCOUNT_KIND, ACCOUNT)
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": world.namespace}
    for number, role in enumerate(of_kind(render(f"watchNamespaces={{{world.namespace}}}"), "Role")):
        name = f"role-{number}"
        world.create(ROLE, name, rules=role["rules"])
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        world.create(ROLE_BINDING, name, roleRef=reference, subjects=[subject])
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig_with_token(plane, token(world))))
    return path


def token(world: World) -> str:
    path = SERVICE_ACCOUNT_KIND.path(world.namespace, ACCOUNT, "token")
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = world.api.request("POST", path, body)
    assert answer.status == 201, answer.message
    return str(answer.body["status"]["token"])


def kubeconfig_with_token(plane: ControlPlane, token: str) -> dict[str, Any]:
    cluster = {"server": plane.url, "certificate-authority": str(plane.ca_certificate)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


def may(world: World, verb: str, resource: str) -> bool:
    """What the API server says of the account's permission in the test's namespace, as on pods/log."""
    kind, _, part = resource.partition("/")
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": f"system:serviceaccount:{world.namespace}:{ACCOUNT}",
            "resourceAttributes": {
                "namespace": world.namespace,
                "verb": verb,
                "resource": kind,
                "subresource": part,
            },
        },
    }
    answer = world.api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    return bool(answer.body["status"]["allowed"])


def test_the_charts_roles_are_enough_for_everything_that_the_operator_does(
    start_operator: StartOperator, world: World, kubeconfig: Path
) -> None:
    operator = start_operator(f"--lease-name={ACCOUNT}", kubeconfig=kubeconfig).until_it_leads()
    world.create_secret("broker", url="redis://127.0.0.1:1/0")
    world.create_shop(broker={"urlFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}})
    world.until_owned_objects("shop-default", "shop-mail")

    world.delete(SECRET, "shop-probe")
    wait_for(lambda: world.there(SECRET, "shop-probe"), describe="the probe Secret")
    world.delete(DEPLOYMENT, "shop-default")
    wait_for(lambda: world.there(DEPLOYMENT, "shop-default"), describe="the Deployment")
    wait_for(world.events, describe="an Event")

    assert operator.stop() == 0
    assert "forbidden" not in operator.log.read_text().lower()


def test_the_charts_roles_are_enough_for_a_monitor_and_its_volume(
    start_operator: StartOperator, world: World, kubeconfig: Path
) -> None:
    operator = start_operator(f"--lease-name={ACCOUNT}", kubeconfig=kubeconfig).until_it_leads()
    world.create_shop(monitor={"enabled": True, "database": {"storage": {"size": "1Gi"}}})
    world.until_owned_objects("shop-default", "shop-mail", "shop-monitor")
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"monitor": {"enabled": False}}})
    wait_for(lambda: not world.there(DEPLOYMENT, "shop-monitor"), describe="the monitor's end")

    assert operator.stop() == 0
    assert "forbidden" not in operator.log.read_text().lower()


def test_secrets_can_be_got_by_name_and_not_listed(world: World, kubeconfig: Path) -> None:
    assert may(world, "get", "secrets")
    assert not may(world, "list", "secrets")
    assert not may(world, "watch", "secrets")
    assert not may(world, "delete", "secrets")


def test_workers_can_be_evicted_and_not_deleted(world: World, kubeconfig: Path) -> None:
    assert may(world, "create", "pods/eviction")
    assert not may(world, "delete", "pods")
    assert not may(world, "create", "pods/exec")
