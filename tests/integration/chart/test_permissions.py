"""What the operator may do, as the chart grants it."""

from typing import Any

import pytest

from tests.integration.chart.helm import NAMESPACE, Manifest, of_kind, only, render

GRANTS = ("Role", "ClusterRole")


def rules(manifests: list[Manifest], *kinds: str) -> list[dict[str, Any]]:
    return [rule for kind in kinds for role in of_kind(manifests, kind) for rule in role["rules"]]


def verbs(granted: list[dict[str, Any]], resource: str) -> set[str]:
    return {verb for rule in granted if resource in rule["resources"] for verb in rule["verbs"]}


@pytest.mark.parametrize("setting", ["replicas=2", "watchNamespaces={shop}", "operator.reportAccess=proxy"])
def test_no_rule_has_a_wildcard(setting: str) -> None:
    for rule in rules(render(setting), *GRANTS):
        assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"]


@pytest.mark.parametrize("setting", ["replicas=2", "watchNamespaces={shop}"])
def test_secrets_are_read_by_name_and_never_listed(setting: str) -> None:
    assert verbs(rules(render(setting), *GRANTS), "secrets") == {"get", "create", "patch"}


def test_without_reading_secrets_there_is_no_permission_to_get_them() -> None:
    manifests = render("operator.readSecrets=false")

    assert verbs(rules(manifests, *GRANTS), "secrets") == {"create", "patch"}
    assert (
        "--secret-access=own"
        in only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]
    )


@pytest.mark.parametrize("setting", ["replicas=2", "watchNamespaces={shop}"])
def test_config_maps_are_read_by_name_and_never_listed_or_written(setting: str) -> None:
    assert verbs(rules(render(setting), *GRANTS), "configmaps") == {"get"}


@pytest.mark.parametrize("setting", ["replicas=2", "watchNamespaces={shop}"])
def test_volume_claims_are_created_and_never_deleted(setting: str) -> None:
    assert verbs(rules(render(setting), *GRANTS), "persistentvolumeclaims") == {"get", "create", "patch"}


@pytest.mark.parametrize("setting", ["replicas=2", "watchNamespaces={shop}"])
def test_resources_are_patched_and_never_created_replaced_or_deleted(setting: str) -> None:
    # The roles that add to view and edit are for people.
    granted = rules(render(f"{setting},rbac.aggregate=false"), *GRANTS)
    assert verbs(granted, "celerydeployments") == {"get", "list", "watch", "patch"}
    assert verbs(granted, "celerydeployments/scale") == set()


@pytest.mark.parametrize("setting", ["replicas=2", "watchNamespaces={shop}"])
def test_pods_are_evicted_and_never_deleted(setting: str) -> None:
    granted = rules(render(setting), *GRANTS)
    assert verbs(granted, "pods/eviction") == {"create"}
    assert verbs(granted, "pods") == {"list", "watch", "patch"}


def test_all_namespaces_are_watched_by_one_cluster_role() -> None:
    manifests = render()

    assert [binding["roleRef"]["name"] for binding in of_kind(manifests, "ClusterRoleBinding")] == [
        "celery-operator"
    ]
    assert {role["metadata"]["namespace"] for role in of_kind(manifests, "Role")} == {NAMESPACE}


def test_listed_namespaces_get_a_role_each_and_nothing_beyond_them() -> None:
    manifests = render("watchNamespaces={shop,billing}")
    bound = {binding["metadata"]["namespace"] for binding in of_kind(manifests, "RoleBinding")}

    assert of_kind(manifests, "ClusterRoleBinding") == []
    assert bound == {"shop", "billing", NAMESPACE}


def test_every_binding_names_the_service_account_of_the_operator() -> None:
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for binding in of_kind(render("serviceAccount.name=mine"), kind):
            assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "mine", "namespace": NAMESPACE}]


def test_the_lease_is_taken_in_the_namespace_of_the_operator_only() -> None:
    leases = [role for role in of_kind(render(), "Role") if verbs(role["rules"], "leases")]

    assert [role["metadata"]["namespace"] for role in leases] == [NAMESPACE]
    assert verbs(rules(render(), "ClusterRole"), "leases") == set()


@pytest.mark.parametrize(("access", "granted"), [("direct", set()), ("proxy", {"get", "create"})])
def test_the_pod_proxy_is_open_only_where_reports_come_that_way(access: str, granted: set[str]) -> None:
    assert verbs(rules(render(f"operator.reportAccess={access}"), *GRANTS), "pods/proxy") == granted


def test_who_may_view_a_namespace_sees_celery_deployments_and_who_may_edit_changes_them() -> None:
    roles = {role["metadata"]["name"]: role for role in of_kind(render(), "ClusterRole")}
    view, edit = roles["celery-operator-view"], roles["celery-operator-edit"]

    assert view["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    assert verbs(view["rules"], "celerydeployments") == {"get", "list", "watch"}
    assert "rbac.authorization.k8s.io/aggregate-to-view" not in edit["metadata"]["labels"]
    assert verbs(edit["rules"], "celerydeployments/scale") == {"update", "patch"}


def test_permissions_can_be_left_to_somebody_else() -> None:
    manifests = render("rbac.create=false,rbac.aggregate=false")

    assert rules(manifests, *GRANTS) == []
