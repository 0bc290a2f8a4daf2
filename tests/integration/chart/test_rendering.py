"""What the chart installs with the values that users set."""

import pytest
import yaml

from celery_operator.api import names
from celery_operator.process.flags import parse
from tests.integration.chart.helm import CHART, NAMESPACE, Manifest, helm, of_kind, only, render, template

CRD = "CustomResourceDefinition"


def operator_pod(*settings: str) -> Manifest:
    spec: Manifest = only(render(*settings), "Deployment")["spec"]["template"]["spec"]
    return spec


def test_the_chart_passes_strict_lint() -> None:
    linted = helm("lint", "--strict", str(CHART))

    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_same_values_always_render_the_same_manifests() -> None:
    assert template().stdout == template().stdout


def test_the_resource_definition_is_the_generated_one_and_outlives_the_release() -> None:
    generated = yaml.safe_load((CHART / "files" / "celerydeployments.yaml").read_text())

    installed = only(render(), CRD)

    assert installed["spec"] == generated["spec"]
    assert installed["metadata"]["name"] == f"{names.PLURAL}.{names.GROUP}"
    assert installed["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_the_resource_definition_can_be_left_to_somebody_else() -> None:
    assert of_kind(render("crds.install=false"), CRD) == []


def test_the_operator_understands_the_flags_that_the_chart_passes() -> None:
    container = operator_pod(
        "watchNamespaces={shop,billing}",
        "probeImage.tag=dev",
        "operator.reportAccess=proxy",
        "operator.port=9000",
    )["containers"][0]

    settings = parse(container["args"], {})

    assert settings.namespaces == ("shop", "billing")
    assert settings.probe_image == "celery-operator/probe:dev"
    assert settings.report_access == "proxy"
    assert settings.port == container["ports"][0]["containerPort"] == 9000
    assert settings.lease.namespace == NAMESPACE


def test_two_operators_run_and_one_may_be_evicted_at_a_time() -> None:
    manifests = render()

    assert only(manifests, "Deployment")["spec"]["replicas"] == 2
    assert only(manifests, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_a_single_operator_has_no_disruption_budget_that_would_block_a_node_drain() -> None:
    assert of_kind(render("replicas=1"), "PodDisruptionBudget") == []


def test_the_service_and_the_budget_select_the_operator_pods_and_never_the_test_pod() -> None:
    manifests = render()
    selector = only(manifests, "Service")["spec"]["selector"].items()
    operator = only(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    test = only(manifests, "Pod")["metadata"]["labels"]

    assert selector == only(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"].items()
    assert selector <= operator.items()
    assert not selector <= test.items()


def test_labels_of_the_user_do_not_replace_those_that_select_the_pods() -> None:
    deployment = only(render("podLabels.app\\.kubernetes\\.io/name=mine,podLabels.team=a"), "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]

    assert labels["team"] == "a"
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("kind", ["Deployment", "Pod"])
def test_pods_meet_pod_security_restricted_with_a_read_only_root(kind: str) -> None:
    manifest = only(render(), kind)
    spec = manifest["spec"]["template"]["spec"] if kind == "Deployment" else manifest["spec"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_a_digest_wins_over_the_tag() -> None:
    digest = "sha256:" + "a" * 64

    container = operator_pod("image.tag=1.2", f"image.digest={digest}")["containers"][0]

    assert container["image"] == f"celery-operator/operator@{digest}"


def test_images_have_the_version_of_the_chart_unless_set() -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]

    container = operator_pod()["containers"][0]

    assert container["image"] == f"celery-operator/operator:{version}"
    assert f"--probe-image=celery-operator/probe:{version}" in container["args"]


def test_no_pod_has_a_fixed_user_where_the_cluster_assigns_users() -> None:
    assert "--user-ids=assigned" in operator_pod("operator.userIds=assigned")["containers"][0]["args"]
    for manifest in render("operator.userIds=assigned"):
        # These two name the field of a CeleryDeployment.
        if manifest["kind"] not in {CRD, "ValidatingAdmissionPolicy"}:
            assert "runAsUser" not in str(manifest.get("spec", {}))


def test_a_security_context_of_the_user_is_laid_over_ours() -> None:
    pod = operator_pod(
        "podSecurityContext.runAsUser=2000",
        "podSecurityContext.seccompProfile=null",
        "securityContext.readOnlyRootFilesystem=false",
    )
    assert pod["securityContext"] == {"runAsNonRoot": True, "runAsUser": 2000, "runAsGroup": 1000}
    context = pod["containers"][0]["securityContext"]
    assert context["readOnlyRootFilesystem"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
