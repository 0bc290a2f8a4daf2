"""What the API server refuses the operator's own token, although RBAC allows it."""

import uuid
from collections.abc import Iterator

import pytest
from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.waiting import wait_for

from celery_operator.api import names
from celery_operator.kinds import (
    CELERY_DEPLOYMENT,
    DEPLOYMENT,
    POD,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT_KIND,
    STATEFUL_SET,
    VOLUME_CLAIM,
)
from tests.integration.api.apiserver import MERGE, ApiServer, Object
from tests.integration.operator.account import operator_account, policies
from tests.integration.operator.attempts import (
    CLAIM,
    COST,
    DRY,
    POD_SPEC,
    Attempts,
    deployment,
    is_refused,
    metadata_of,
    stateful_set,
)
from tests.integration.operator.world import World, group

LONG = "customer-notification-service-production-default"
"""A Deployment whose pods have names that the API server cuts."""
NUMBERED = f"{'theirs-' * 8}numbe-0"
"""A pod with a name as long as the API server makes any, and the end that a StatefulSet gives to its pods."""


@pytest.fixture(scope="module")
def attempts(plane: ControlPlane, api: ApiServer) -> Iterator[Attempts]:
    """In a namespace with a resource, a pod, Secret and Deployment of its own, and the same of others."""
    world = World(api, f"admission-policies-{uuid.uuid4().hex[:6]}")
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.namespace}}
    assert api.request("POST", "/api/v1/namespaces", body).status == 201
    wait_for(lambda: world.get(SERVICE_ACCOUNT_KIND, "default"), timeout=60, describe="the default account")
    shop = world.create_shop()
    world.create(DEPLOYMENT, "theirs", spec=deployment({"of": "others"}, replicas=0))
    ours = metadata_of(shop)
    world.create(
        DEPLOYMENT, "shop-default", metadata={"name": "shop-default", **ours}, spec=deployment(ours["labels"])
    )
    world.create(DEPLOYMENT, LONG, metadata={"name": LONG, **ours}, spec=deployment({"of": "long"}))
    world.create_secret("theirs", password="p")
    world.create(SECRET, "shop-probe", metadata={"name": "shop-probe", **ours}, type="Opaque")
    world.create(POD, "theirs", spec=POD_SPEC)
    world.create(POD, NUMBERED, spec=POD_SPEC)
    world.create(VOLUME_CLAIM, "theirs", spec=CLAIM)
    stays = {"name": "shop-redis", **metadata_of(shop, ownerReferences=[])}
    world.create(VOLUME_CLAIM, "shop-redis", metadata=stays, spec=CLAIM)
    (pod,) = wait_for(lambda: world.pods_of("shop-default"), describe="the pod of the Deployment")
    with operator_account(world) as token:
        found = Attempts(world, ApiServer(plane, token), pod["metadata"]["name"])
        # The API server begins to apply a policy some moments after its creation.
        for refused in (
            lambda: found.create(SERVICE, "x", spec={"ports": [{"port": 1}]}),
            lambda: found.patch(SECRET, "theirs", {}),
            lambda: found.patch(POD, "theirs", {"metadata": {"labels": {"a": "b"}}}),
            lambda: found.evict("theirs"),
            lambda: found.patch(VOLUME_CLAIM, "theirs", {}),
            lambda: found.patch(CELERY_DEPLOYMENT, "shop", {"spec": {"image": "x"}}),
        ):
            wait_for(
                lambda refused=refused: is_refused(refused()),  # type: ignore[misc]
                describe=lambda refused=refused: f"a refusal, and not {refused()}",  # type: ignore[misc]
            )
        yield found


REFUSED = {
    "a-pods-image": lambda a, _: a.patch(
        POD, a.pod, {"spec": {"containers": [{"name": "worker", "image": "miner:1"}]}}
    ),
    "a-pods-labels": lambda a, _: a.patch(POD, a.pod, {"metadata": {"labels": {"app": "x"}}}),
    "a-pods-other-annotation": lambda a, _: a.patch(POD, a.pod, {"metadata": {"annotations": {"a": "b"}}}),
    "a-pods-owner": lambda a, _: a.patch(POD, a.pod, {"metadata": {"ownerReferences": None}}),
    "the-deletion-cost-of-a-foreign-pod": lambda a, _: a.patch(
        POD, "theirs", {"metadata": {"annotations": {COST: "-1"}}}
    ),
    "an-eviction-without-uid": lambda a, _: a.evict(a.pod),
    "an-eviction-of-a-pod-that-no-deployment-made": lambda a, _: a.evict("theirs", uid="u"),
    "an-eviction-of-a-stateful-sets-pod": lambda a, _: a.evict(NUMBERED, uid="u"),
    "a-service-account-token": lambda a, shop: a.create(
        SECRET,
        "shop-probe-2",
        metadata_of(shop, annotations={"kubernetes.io/service-account.name": "default"}),
        type="kubernetes.io/service-account-token",
    ),
    "a-secret-of-another-type": lambda a, shop: a.create(
        SECRET, "shop-monitor", metadata_of(shop), type="example.com/key"
    ),
    "a-secret-of-another-name": lambda a, shop: a.create(SECRET, "shop-x", metadata_of(shop), type="Opaque"),
    "a-secret-without-owner": lambda a, _: a.create(SECRET, "shop-monitor", type="Opaque"),
    "a-foreign-secret": lambda a, _: a.patch(SECRET, "theirs", {"data": {"password": "eA=="}}),
    "reading-a-foreign-secret-by-a-patch": lambda a, _: a.patch(SECRET, "theirs", {}),
    "a-foreign-secret-taken-over": lambda a, shop: a.patch(SECRET, "theirs", {"metadata": metadata_of(shop)}),
    "a-foreign-deployment": lambda a, _: a.patch(DEPLOYMENT, "theirs", {"spec": {"replicas": 3}}),
    "a-foreign-deployment-taken-over": lambda a, shop: a.patch(
        DEPLOYMENT, "theirs", {"metadata": metadata_of(shop)}
    ),
    "the-end-of-a-foreign-deployment": lambda a, _: a.delete(DEPLOYMENT, "theirs"),
    "the-end-of-a-foreign-account": lambda a, _: a.delete(SERVICE_ACCOUNT_KIND, "default"),
    "a-deployment-without-owner": lambda a, _: a.create(
        DEPLOYMENT,
        "shop-x",
        spec=deployment({"of": "others"}),
    ),
    "a-service-of-another-name": lambda a, shop: a.create(
        SERVICE, "kubernetes", metadata_of(shop), spec={"ports": [{"port": 1}]}
    ),
    "a-service-without-our-label": lambda a, shop: a.create(
        SERVICE, "shop-redis", metadata_of(shop, labels={}), spec={"ports": [{"port": 1}]}
    ),
    "a-volume-claim-of-others": lambda a, _: a.patch(
        VOLUME_CLAIM, "theirs", {"metadata": {"labels": {"a": "b"}}}
    ),
    "a-volume-claim-of-others-taken-over": lambda a, shop: a.patch(
        VOLUME_CLAIM, "theirs", {"metadata": metadata_of(shop)}
    ),
    "a-volume-claim-without-owner-and-of-another-name": lambda a, shop: a.create(
        VOLUME_CLAIM, "shop-beat", metadata_of(shop, ownerReferences=[]), spec=CLAIM
    ),
    "a-stateful-set-of-another-name": lambda a, shop: a.create(
        STATEFUL_SET, "theirs", metadata_of(shop), spec=stateful_set()
    ),
    "the-image-of-a-resource": lambda a, _: a.patch(
        CELERY_DEPLOYMENT, "shop", {"spec": {"image": "miner:1"}}
    ),
    "the-service-account-of-a-resource": lambda a, _: a.patch(
        CELERY_DEPLOYMENT, "shop", {"spec": {"serviceAccountName": "admin"}}
    ),
    "a-template-of-a-resource": lambda a, _: a.patch(
        CELERY_DEPLOYMENT,
        "shop",
        {"spec": {"workers": [group("default", template={"spec": {"hostNetwork": True}}), group("mail")]}},
    ),
    "a-label-of-a-resource": lambda a, _: a.patch(
        CELERY_DEPLOYMENT, "shop", {"metadata": {"labels": {"a": "b"}}}
    ),
    "an-annotation-of-others": lambda a, _: a.patch(
        CELERY_DEPLOYMENT, "shop", {"metadata": {"annotations": {"a": "b"}}}
    ),
}


@pytest.mark.parametrize("attempt", REFUSED)
def test_the_operators_own_token_is_refused(attempts: Attempts, attempt: str) -> None:
    shop = attempts.world.get(CELERY_DEPLOYMENT, "shop")

    answer = REFUSED[attempt](attempts, shop)  # type: ignore[no-untyped-call]

    print(f"{attempt}: {answer.status} {answer.message}")
    assert is_refused(answer), answer.message


ALLOWED = {
    "a-deletion-cost": lambda a: a.patch(POD, a.pod, {"metadata": {"annotations": {COST: "-1"}}}),
    "an-eviction-by-uid": lambda a: a.evict(a.pod, uid=a.world.get(POD, a.pod)["metadata"]["uid"]),
    "replicas-of-an-owned-deployment": lambda a: a.patch(
        DEPLOYMENT, "shop-default", {"spec": {"replicas": 3}}
    ),
    "the-end-of-an-owned-deployment": lambda a: a.delete(DEPLOYMENT, "shop-default"),
    "an-owned-secret": lambda a: a.patch(SECRET, "shop-probe", {"data": {"token": "eA=="}}),
    "each-secret-that-it-makes": lambda a: a.create(
        SECRET, "shop-flower", metadata_of(a.world.get(CELERY_DEPLOYMENT, "shop")), type="Opaque"
    ),
    "an-owned-volume-claim": lambda a: a.create(
        VOLUME_CLAIM, "shop-beat", metadata_of(a.world.get(CELERY_DEPLOYMENT, "shop")), spec=CLAIM
    ),
    "the-volume-claim-of-redis-which-stays": lambda a: a.patch(
        VOLUME_CLAIM, "shop-redis", {"metadata": {"annotations": {"a": "b"}}}
    ),
    "that-volume-claim-once-it-no-longer-stays": lambda a: a.patch(
        VOLUME_CLAIM, "shop-redis", {"metadata": metadata_of(a.world.get(CELERY_DEPLOYMENT, "shop"))}
    ),
    "an-owned-stateful-set": lambda a: a.create(
        STATEFUL_SET,
        "shop-beat",
        metadata_of(a.world.get(CELERY_DEPLOYMENT, "shop")),
        spec=stateful_set(),
    ),
    "replicas-of-a-resource": lambda a: a.patch(CELERY_DEPLOYMENT, "shop", {"spec": {"replicas": 3}}),
    "replicas-of-a-group": lambda a: a.patch(
        CELERY_DEPLOYMENT,
        "shop",
        {"spec": {"workers": [group("default"), group("mail", queues=["email"], replicas=7)]}},
    ),
    "an-annotation-of-its-own": lambda a: a.patch(
        CELERY_DEPLOYMENT, "shop", {"metadata": {"annotations": {names.ANNOTATION_RESTARTED_AT: "now"}}}
    ),
}


@pytest.mark.parametrize("attempt", ALLOWED)
def test_what_the_operator_does_is_not_refused(attempts: Attempts, attempt: str) -> None:
    answer = ALLOWED[attempt](attempts)

    assert answer.status in {200, 201, 202}, answer.message


def test_a_pod_whose_name_the_api_server_cut_can_be_evicted(attempts: Attempts) -> None:
    (pod,) = wait_for(lambda: attempts.world.pods_of(LONG), describe="the pod with the long name")
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    assert len(name) == len(NUMBERED) == 63
    assert "-" not in name[-6:]

    answer = attempts.evict(name, uid=uid)

    assert answer.status == 201, answer.message


def test_the_policies_do_not_concern_the_requests_of_others(attempts: Attempts) -> None:
    answer = attempts.world.api.request(
        "PATCH",
        DEPLOYMENT.path(attempts.world.namespace, "theirs") + DRY,
        {"spec": {"replicas": 3}},
        content_type=MERGE,
    )

    assert answer.status == 200, answer.message


def test_the_api_server_finds_no_fault_in_the_types_of_the_policies(attempts: Attempts) -> None:
    def checked() -> list[Object]:
        found = policies(attempts.world.api, attempts.world)
        return found if found and all("observedGeneration" in one.get("status", {}) for one in found) else []

    found = wait_for(checked, timeout=60, describe="the checks of the policies")

    assert len(found) == 6
    assert [one["status"].get("typeChecking", {}) for one in found] == [{}] * 6


GRANTED = {
    ("celery-operator.dev", "celerydeployments"): "get list patch watch",
    ("celery-operator.dev", "celerydeployments/status"): "patch",
    ("celery-operator.dev", "celerydeployments/finalizers"): "update",
    ("apps", "deployments"): "create delete get list patch watch",
    ("apps", "statefulsets"): "create delete get list patch watch",
    ("apps", "replicasets"): "get",
    ("networking.k8s.io", "networkpolicies"): "create delete get list patch watch",
    ("", "services"): "create delete get list patch watch",
    ("", "serviceaccounts"): "create delete get list patch watch",
    ("", "pods"): "list patch watch",
    ("", "pods/eviction"): "create",
    ("", "persistentvolumeclaims"): "create get patch",
    ("", "secrets"): "create get patch",
    ("", "configmaps"): "get",
    ("policy", "poddisruptionbudgets"): "create delete get list patch watch",
    ("events.k8s.io", "events"): "create",
    ("coordination.k8s.io", "leases"): "create get update",
}
"""As ``kubectl auth can-i --list`` shows it, without what every account may ask about itself."""


def test_the_operator_may_do_exactly_this(attempts: Attempts) -> None:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": attempts.world.namespace},
    }
    answer = attempts.api.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body)

    found: dict[tuple[str, str], set[str]] = {}
    for rule in answer.body["status"]["resourceRules"]:
        for resource in rule["resources"]:
            found.setdefault((rule["apiGroups"][0], resource), set()).update(rule["verbs"])
    granted = {one: " ".join(sorted(verbs)) for one, verbs in found.items() if "selfsubject" not in one[1]}
    for (api_group, resource), verbs in sorted(granted.items()):
        print(f"{resource}.{api_group}: {verbs}")
    assert granted == GRANTED
