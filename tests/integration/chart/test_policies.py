"""Admission policies, network policies and limits for tenants, as the chart renders them."""

from typing import Any

import pytest

from celery_operator.api.spec import CeleryDeploymentSpec, WorkerGroup
from celery_operator.process.flags import parse
from celery_operator.process.settings import Settings
from celery_operator.resources.network_policies import network_policies
from celery_operator.resources.ownership import ResourceIdentity
from tests.integration.chart.helm import Manifest, of_kind, only, render, template
from tests.unit.decide.build import spec

POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"


def settings_of(*values: str) -> Settings:
    pod = only(render(*values), "Deployment")["spec"]["template"]["spec"]
    return parse(pod["containers"][0]["args"], {})


def expressions(manifests: list[Manifest]) -> str:
    return " ".join(
        validation["expression"]
        for one in of_kind(manifests, POLICY)
        for validation in one["spec"]["validations"]
    )


def test_each_policy_has_a_binding_that_denies_and_concerns_the_operator_alone() -> None:
    manifests = render("serviceAccount.name=mine")
    found = of_kind(manifests, POLICY)

    assert len(found) == 6
    assert {one["spec"]["policyName"] for one in of_kind(manifests, BINDING)} == {
        one["metadata"]["name"] for one in found
    }
    assert {tuple(one["spec"]["validationActions"]) for one in of_kind(manifests, BINDING)} == {("Deny",)}
    assert {one["spec"]["failurePolicy"] for one in found} == {"Fail"}
    assert {one["spec"]["matchConditions"][0]["expression"] for one in found} == {
        'request.userInfo.username == "system:serviceaccount:celery-system:mine"'
    }


def test_the_policies_can_be_switched_off() -> None:
    assert of_kind(render("admissionPolicy.enabled=false"), POLICY) == []


def aliases(model: Any) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize(
    ("model", "place", "free"),
    [
        (CeleryDeploymentSpec, "object.spec", {"replicas", "workers"}),
        (WorkerGroup, "group", {"name", "replicas"}),
    ],
)
def test_the_policy_names_every_field_that_the_operator_must_not_change(
    model: Any, place: str, free: set[str]
) -> None:
    words = expressions(render())

    missing = {name for name in aliases(model) - free if f"has({place}.{name})" not in words}

    assert missing == set()


@pytest.mark.parametrize(
    ("value", "refused"),
    [("all", ()), ("restricted", ("spec.hostNetwork",)), ("{spec.hostNetwork}", ())],
)
def test_what_templates_may_set_reaches_the_operator(value: str, refused: tuple[str, ...]) -> None:
    fields = settings_of(f"tenancy.templateFields={value}").template_fields

    assert fields.refused({"spec": {"hostNetwork": True}}) == refused


@pytest.mark.parametrize("value", ["nothing", "{hostNetwork}", "{status.phase}"])
def test_a_name_that_is_no_field_of_a_template_is_refused(value: str) -> None:
    refused = template(f"--set=tenancy.templateFields={value}")

    assert refused.returncode != 0
    assert "templateFields" in refused.stderr


def test_broker_networks_reach_the_operator() -> None:
    networks = settings_of(
        "operator.brokerNetworks.allowed={10.0.0.0/8,fd00::/8}",
        "operator.brokerNetworks.refused={10.1.0.0/16}",
    ).broker_networks

    assert [str(one) for one in networks.allowed] == ["10.0.0.0/8", "fd00::/8"]
    assert [str(one) for one in networks.refused] == ["10.1.0.0/16"]


def test_by_default_there_are_no_network_policies() -> None:
    assert of_kind(render(), "NetworkPolicy") == []
    assert settings_of().network_policies == "off"


def test_network_policies_admit_readers_of_metrics_to_operator_and_sidecars() -> None:
    values = (
        "networkPolicies.enabled=true",
        "networkPolicies.metricsFrom[0].namespaceSelector.matchLabels.team=monitoring",
    )
    rule = only(render(*values), "NetworkPolicy")["spec"]["ingress"][0]
    settings = settings_of(*values).for_objects()

    assert rule["from"][-1] == settings.metrics_peers[0]
    assert settings.network_policies
    labels = only(render(*values), "Deployment")["spec"]["selector"]["matchLabels"]
    assert settings.operator_peers == (
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "celery-system"}},
            "podSelector": {"matchLabels": labels},
        },
    )


@pytest.mark.parametrize("wanted", [None, True])
def test_an_operator_that_comes_through_the_api_server_closes_no_sidecar(wanted: bool | None) -> None:
    settings = settings_of("networkPolicies.enabled=true", "operator.reportAccess=proxy").for_objects()
    shop = ResourceIdentity("market", "shop", "uid-shop")

    assert list(network_policies(shop, spec(networkPolicies=wanted), settings)) == []


def test_the_number_of_rollouts_for_a_new_probe_image_reaches_the_operator() -> None:
    assert settings_of("operator.probeRollouts=3").probe_rollouts == 3
