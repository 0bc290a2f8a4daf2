"""The Grafana dashboards ask for series that there are, name no data source, and are current in the chart."""

import json
import re
from typing import Any

import pytest
from tools.dashboards.__main__ import files
from tools.dashboards.every import DASHBOARDS
from tools.dashboards.grafana import document
from tools.dashboards.panel import Dashboard, Panel

from tests.unit.alerts.documented_metrics import ROOT, documented, matching
from tests.unit.alerts.queries import labels_in, patterns_in, series_in

FILES = files()
UIDS = {"celery-fleet", "celery-application", "celery-queue", "celery-task", "celery-operator"}
PANELS = [(one, panel) for one in DASHBOARDS for row in one.rows for panel in row.panels]


def name_of(value: object) -> str:
    return value.uid if isinstance(value, Dashboard) else value.title if isinstance(value, Panel) else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_of_the_chart_is_current(path: Any) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == FILES[path], "run `make docs`"


def test_the_addresses_of_the_dashboards_never_change() -> None:
    assert {one.uid for one in DASHBOARDS} == UIDS


@pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=name_of)
def test_a_panel_asks_only_for_series_and_labels_that_there_are(dashboard: Dashboard, panel: Panel) -> None:
    for query in panel.queries:
        asked = series_in(query.expression)
        assert asked <= documented().keys(), asked - documented().keys()
        for pattern in patterns_in(query.expression):
            assert matching(pattern), pattern
            asked |= matching(pattern)
        known = set[str]().union(*(documented()[name] for name in asked), {"queue"})
        assert labels_in(query.expression) <= known
        assert set(re.findall(r"{{(\w+)}}", query.legend)) <= known
        assert set(re.findall(r"\$(\w+)", query.expression)) <= {
            "__rate_interval",
            "1",
            *(variable.name for variable in dashboard.variables),
        }


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=name_of)
def test_a_choice_asks_only_for_series_that_there_are(dashboard: Dashboard) -> None:
    for variable in dashboard.variables:
        assert series_in(variable.expression) <= documented().keys()
        assert variable.label in labels_in(variable.expression)


def data_sources(value: Any) -> list[Any]:
    """Every data source that the document names, wherever it stands."""
    if isinstance(value, dict):
        own = [value["datasource"]] if "datasource" in value else []
        return own + [found for part in value.values() for found in data_sources(part)]
    return [found for part in value for found in data_sources(part)] if isinstance(value, list) else []


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=name_of)
def test_the_reader_chooses_the_data_source(dashboard: Dashboard) -> None:
    made = document(dashboard)

    chosen = data_sources(made)
    assert chosen
    assert all(one == {"type": "prometheus", "uid": "${datasource}"} for one in chosen)
    assert made["templating"]["list"][0]["type"] == "datasource"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=name_of)
def test_panels_do_not_overlap_and_stay_within_24_columns(dashboard: Dashboard) -> None:
    panels = json.loads(json.dumps(document(dashboard)))["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=name_of)
def test_a_panel_says_how_to_read_it(dashboard: Dashboard, panel: Panel) -> None:
    assert panel.text.endswith(".")
    assert (panel.kind.value == "table") == bool(panel.labels)
