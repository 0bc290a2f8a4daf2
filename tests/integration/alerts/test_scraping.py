"""The scrape configurations of the documentation: Prometheus takes them, and they label as the chart does."""

from pathlib import Path
from typing import Any

import pytest
from tools.alert_rules import RULES_FILE, rules_file

from tests.integration.alerts.promtool import promtool
from tests.integration.chart.helm import of_kind, only, render
from tests.support.prometheus import CONFIGURATIONS, KUBERNETES, PLAIN, write

ROOT = Path(__file__).resolve().parents[3]

Relabeling = list[tuple[str, str]]


@pytest.mark.parametrize("number", [0, 1])
def test_prometheus_accepts_a_configuration_of_the_documentation(number: int, tmp_path: Path) -> None:
    write(tmp_path / "celery.rules.yml", rules_file(outside_kubernetes=number == 1))

    checked = promtool("check", "config", "--lint=none", write(tmp_path / "p.yml", CONFIGURATIONS[number]))

    assert "no authorization credentials file" not in checked.stderr
    problems = [line for line in checked.stderr.splitlines() if "celery-monitor-token" not in line]
    assert problems == []


def test_prometheus_accepts_the_rules_file_for_outside_kubernetes() -> None:
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", ROOT / RULES_FILE)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def job(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in KUBERNETES["scrape_configs"] if one["job_name"] == name)
    return found


def of_page(name: str) -> Relabeling:
    """The labels that a job of the page sets from others; those that Prometheus' operator sets, left out."""
    return sorted(
        (rule["source_labels"][0], rule["target_label"])
        for rule in job(name)["relabel_configs"]
        if rule.get("target_label", "namespace") != "namespace"
    )


def of_chart(endpoint: dict[str, Any]) -> Relabeling:
    return sorted(
        (rule["sourceLabels"][0], rule["targetLabel"])
        for rule in endpoint["relabelings"]
        if "sourceLabels" in rule
    )


def job_name(endpoint: dict[str, Any]) -> str:
    return str(
        next(rule["replacement"] for rule in endpoint["relabelings"] if rule.get("targetLabel") == "job")
    )


def test_the_operator_is_labelled_alike_by_the_chart_and_by_the_page() -> None:
    endpoint = only(render("metrics.serviceMonitor.enabled=true"), "ServiceMonitor")["spec"]["endpoints"][0]

    assert job_name(endpoint) == "celery-operator"
    assert of_chart(endpoint) == of_page("celery-operator")
    assert endpoint["honorLabels"] is job("celery-operator")["honor_labels"] is True
    (dropped,) = job("celery-operator")["metric_relabel_configs"]
    assert endpoint["metricRelabelings"][0]["regex"] == dropped["regex"]


def test_sidecars_and_monitors_are_labelled_alike_by_the_chart_and_by_the_page() -> None:
    for manifest in of_kind(render("metrics.podMonitors.enabled=true"), "PodMonitor"):
        (endpoint,) = manifest["spec"]["podMetricsEndpoints"]
        name = job_name(endpoint)
        assert of_chart(endpoint) == of_page(name)
        assert manifest["spec"]["sampleLimit"] == job(name)["sample_limit"]
        assert endpoint["port"] in job(name)["relabel_configs"][0]["regex"]


def test_no_target_keeps_a_label_that_differs_for_each_pod_beside_its_instance() -> None:
    manifests = render("metrics.podMonitors.enabled=true", "metrics.serviceMonitor.enabled=true")
    for manifest in (*of_kind(manifests, "PodMonitor"), *of_kind(manifests, "ServiceMonitor")):
        spec = manifest["spec"]
        (endpoint,) = spec.get("podMetricsEndpoints") or spec["endpoints"]
        dropped = next(rule["regex"] for rule in endpoint["relabelings"] if rule.get("action") == "labeldrop")
        assert {"pod", "container", "endpoint"} <= set(dropped.split("|"))


def test_outside_kubernetes_the_monitor_gets_the_name_of_its_application() -> None:
    (scraped,) = PLAIN["scrape_configs"]

    assert scraped["job_name"] == "celery-monitor"
    assert scraped["static_configs"][0]["labels"] == {"resource": "shop"}
