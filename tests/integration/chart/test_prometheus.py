"""What the chart gives to the Prometheus operator: nothing by default, then targets and rules."""

import json
from typing import Any

import pytest
import yaml
from tools.alert_rules import rules_file

from celery_health.alerts import RULES
from celery_operator.process.flags import parse
from tests.integration.chart.helm import Manifest, of_kind, only, render, template

KINDS = ("ServiceMonitor", "PodMonitor", "PrometheusRule")
RULE = "metrics.prometheusRule"


def rule_manifest(*settings: str) -> Manifest:
    return only(render(f"{RULE}.enabled=true", *settings), "PrometheusRule")


def alerts(manifest: Manifest) -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for group in manifest["spec"]["groups"] for rule in group["rules"]}


def test_nothing_needs_the_prometheus_operator_unless_asked_for() -> None:
    assert [kind for kind in KINDS if of_kind(render(), kind)] == []


def test_the_rules_of_the_chart_are_those_of_the_table() -> None:
    assert rule_manifest()["spec"] == rules_file(outside_kubernetes=False)


def test_a_rule_has_its_own_threshold_time_and_severity() -> None:
    of = f"{RULE}.rules.CeleryHighQueueDepth"

    changed = rule_manifest(f"{of}.messages=2000000", f"{of}.for=1h", f"{of}.severity=page")

    rule = alerts(changed)["CeleryHighQueueDepth"]
    assert rule["expr"].count("> 2000000") == 2
    assert rule["annotations"]["description"].endswith("The limit is 2000000.")
    assert (rule["for"], rule["labels"]) == ("1h", {"severity": "page"})


def test_the_operator_and_its_monitors_have_the_rules_of_the_chart_also_without_prometheus() -> None:
    of = f"{RULE}.rules"
    manifests = render(
        f"{of}.CeleryHighQueueDepth.messages=2000000",
        f"{of}.CelerySlowTasks.for=1h",
        f"{of}.CeleryDeadLetters.enabled=false",
        f"{RULE}.runbookUrl=https://docs.example/runbooks/",
    )
    (container,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]

    alerts_of_monitors = parse(container["args"], {}).for_objects().alerts

    assert json.loads(alerts_of_monitors.changed) == {
        "CeleryHighQueueDepth": {"messages": 2_000_000},
        "CelerySlowTasks": {"for": "1h"},
        "CeleryDeadLetters": {"enabled": False},
    }
    assert alerts_of_monitors.runbook_url == "https://docs.example/runbooks"


def test_an_address_that_yaml_would_take_for_a_key_reaches_the_operator() -> None:
    deployment = only(render(f"{RULE}.runbookUrl=https://docs.example/team:"), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]

    assert "--runbook-url=https://docs.example/team:" in container["args"]


def test_a_url_of_runbooks_with_a_password_is_refused() -> None:
    refused = template("--set", f"{RULE}.runbookUrl=https://ann:x@docs.example")

    assert refused.returncode != 0
    assert "runbookUrl" in refused.stderr


def test_a_rule_can_be_switched_off_and_a_group_without_rules_is_left_out() -> None:
    off = [f"{RULE}.rules.{name}.enabled=false" for name in ("CeleryOperatorAbsent", "CeleryOperatorFailing")]

    manifest = rule_manifest(*off)

    assert len(alerts(manifest)) == len(RULES) - 2
    assert "celery-operator" not in {group["name"] for group in manifest["spec"]["groups"]}


def test_alerts_carry_labels_of_the_user_and_the_address_of_their_runbook() -> None:
    rules = alerts(
        rule_manifest(f"{RULE}.alertLabels.team=shop", f"{RULE}.runbookUrl=https://docs.example/runbooks/")
    )

    assert {rule["labels"]["team"] for rule in rules.values()} == {"shop"}
    for rule in RULES:
        assert rules[rule.name]["annotations"]["runbook_url"] == f"https://docs.example/{rule.runbook}"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (
            "CeleryWorkerDown.for=1m",
            "CeleryWorkerDown: there is no such rule; write one of CeleryAgentAbsent",
        ),
        ("CeleryHighQueueDepth.length=5", "length: the rule has no such value; write one of enabled, for"),
        ("CeleryHighQueueDepth.messages=many", "got string, want integer"),
        ("CeleryHighQueueDepth.messages=1000000000000001", "maximum: got"),
        ("CeleryHighQueueDepth.for=soon", "'soon' does not match pattern"),
        ("CeleryHighQueueDepth.for=999999999s", "'999999999s' does not match pattern"),
    ],
)
@pytest.mark.parametrize("enabled", ["true", "false"])
def test_a_wrong_rule_is_refused_with_what_to_write(setting: str, words: str, enabled: str) -> None:
    """Also without Prometheus: the operator refuses to start with it."""
    refused = template("--set", f"{RULE}.enabled={enabled},{RULE}.rules.{setting}")

    assert refused.returncode != 0
    assert words in refused.stderr


def pod_monitors(*settings: str) -> dict[str, Manifest]:
    found = of_kind(render("metrics.podMonitors.enabled=true", *settings), "PodMonitor")
    return {manifest["metadata"]["name"]: manifest["spec"] for manifest in found}


def test_sidecars_and_monitors_are_found_in_the_watched_namespaces() -> None:
    everywhere = pod_monitors()
    listed = pod_monitors("watchNamespaces={shop,billing}")

    assert everywhere.keys() == {"celery-operator-sidecars", "celery-operator-monitors"}
    assert all(spec["namespaceSelector"] == {"any": True} for spec in everywhere.values())
    assert all(spec["namespaceSelector"] == {"matchNames": ["shop", "billing"]} for spec in listed.values())


def test_the_monitors_get_a_token_if_there_is_one_and_the_sidecars_never() -> None:
    endpoints = {
        name: spec["podMetricsEndpoints"][0]
        for name, spec in pod_monitors("metrics.podMonitors.monitorToken.name=scraper").items()
    }

    assert endpoints["celery-operator-monitors"]["authorization"] == {
        "credentials": {"name": "scraper", "key": "token"}
    }
    assert "authorization" not in endpoints["celery-operator-sidecars"]
    assert "authorization" not in pod_monitors()["celery-operator-monitors"]["podMetricsEndpoints"][0]


def test_labels_select_the_objects() -> None:
    settings = [f"metrics.{key}.labels.release=prom" for key in ("serviceMonitor", "podMonitors")]
    manifests = render(
        "metrics.serviceMonitor.enabled=true",
        "metrics.podMonitors.enabled=true",
        *settings,
        f"{RULE}.enabled=true",
        f"{RULE}.labels.release=prom",
    )

    made = [manifest for manifest in manifests if manifest["kind"] in KINDS]
    assert len(made) == 4
    assert {manifest["metadata"]["labels"]["release"] for manifest in made} == {"prom"}


def test_the_manifests_are_valid_yaml_with_every_part_switched_on() -> None:
    flags = ("serviceMonitor", "podMonitors", "prometheusRule")
    rendered = template(*(f"--set=metrics.{flag}.enabled=true" for flag in flags))

    assert sum(document is not None for document in yaml.safe_load_all(rendered.stdout)) > 4
