"""A ServiceAccount with the Roles and the admission policies that the chart renders for the operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.waiting import wait_for

from celery_operator.kinds import SERVICE_ACCOUNT_KIND, Kind
from tests.integration.api.apiserver import ApiServer, Object
from tests.integration.chart.helm import of_kind, rendered
from tests.integration.operator.world import World

ACCOUNT = "celery-operator"
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
POLICY = Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies")
POLICY_BINDING = Kind(
    "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"
)


@contextmanager
def operator_account(world: World, *settings: str) -> Iterator[str]:
    """The token of the account in the test's namespace. Its policies are gone afterwards."""
    world.create(SERVICE_ACCOUNT_KIND, ACCOUNT)
    manifests = rendered(world.namespace, f"watchNamespaces={{{world.namespace}}}", *settings)
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": world.namespace}
    for number, role in enumerate(of_kind(manifests, "Role")):
        name = f"role-{number}"
        world.create(ROLE, name, rules=role["rules"])
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        world.create(ROLE_BINDING, name, roleRef=reference, subjects=[subject])
        # The API server reads a new role a moment later.
        rule = role["rules"][0]
        wait_for(
            lambda rule=rule: may(world, rule["verbs"][0], rule["resources"][0], rule["apiGroups"][0]),  # type: ignore[misc]
            describe=f"the permissions of {name}",
        )
    made: list[tuple[Kind, str]] = []
    try:
        for kind in (POLICY, POLICY_BINDING):
            for manifest in of_kind(manifests, kind.kind):
                name = manifest["metadata"]["name"]
                answer = world.api.apply(kind.path(None, name), manifest)
                assert answer.status == 201, answer.message
                assert answer.warnings == ()
                made.append((kind, name))
        yield token(world)
    finally:
        for kind, name in made:
            world.api.request("DELETE", kind.path(None, name))


def may(world: World, verb: str, resource: str, api_group: str = "") -> bool:
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
                "group": api_group,
                "resource": kind,
                "subresource": part,
            },
        },
    }
    answer = world.api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    return bool(answer.body["status"]["allowed"])


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


def policies(api: ApiServer, world: World) -> list[Object]:
    """The policies of the operator of this namespace."""
    items: list[Object] = api.request("GET", POLICY.path(None)).body["items"]
    return [one for one in items if f"-{world.namespace}-" in one["metadata"]["name"]]
