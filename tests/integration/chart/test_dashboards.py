"""The chart gives Grafana the dashboards, unchanged."""

import json

from tests.integration.chart.helm import CHART, of_kind, render

DASHBOARDS = "metrics.dashboards"


def test_each_dashboard_is_a_config_map_with_the_label_that_grafana_selects() -> None:
    found = of_kind(render(f"{DASHBOARDS}.enabled=true"), "ConfigMap")

    files = {path.name: path for path in (CHART / "files" / "dashboards").glob("*.json")}
    assert {name for manifest in found for name in manifest["data"]} == files.keys()
    for manifest in found:
        ((name, text),) = manifest["data"].items()
        assert json.loads(text) == json.loads(files[name].read_text())
        assert manifest["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert len(text) < 500_000


def test_the_label_and_the_folder_are_those_of_the_user() -> None:
    settings = (f"{DASHBOARDS}.labels.grafana=main", f"{DASHBOARDS}.annotations.grafana_folder=Celery")

    found = of_kind(render(f"{DASHBOARDS}.enabled=true", *settings), "ConfigMap")

    assert {manifest["metadata"]["labels"]["grafana"] for manifest in found} == {"main"}
    assert {manifest["metadata"]["annotations"]["grafana_folder"] for manifest in found} == {"Celery"}


def test_there_is_none_unless_asked_for() -> None:
    assert of_kind(render(), "ConfigMap") == []
