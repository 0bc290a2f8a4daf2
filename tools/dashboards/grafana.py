"""Dashboards as the JSON that Grafana imports. No data source is named: the reader chooses one at the top."""

from collections.abc import Iterator
from typing import Any

from tools.dashboards.grid import placed
from tools.dashboards.panel import Dashboard, Kind, Panel, Query, Row, Variable

_SCHEMA = 39
"""The version of the format, of Grafana 10.2: newer versions convert it."""
_DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_ALL = ".*"
"""Matches series without the label too, as they are outside Kubernetes."""


def document(dashboard: Dashboard) -> dict[str, Any]:
    """The whole document."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.text,
        "tags": ["celery"],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [_choice_of_data_source(), *map(_variable, dashboard.variables)]},
        "links": [
            {
                "type": "dashboards",
                "tags": ["celery"],
                "title": "Celery",
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "panels": list(_panels(dashboard.rows)),
    }


def _choice_of_data_source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _variable(variable: Variable) -> dict[str, Any]:
    query = f"query_result({variable.expression})"
    made: dict[str, Any] = {
        "name": variable.name,
        "label": variable.title,
        "type": "query",
        "datasource": _DATA_SOURCE,
        "query": {"query": query, "refId": variable.name},
        "definition": query,
        "regex": f'/{variable.label}="([^"]+)"/',
        "refresh": 2,
        "sort": 1,
    }
    if variable.several:
        everything = {"text": ["All"], "value": ["$__all"]}
        made |= {"multi": True, "includeAll": True, "allValue": _ALL, "current": everything}
    return made


def _panels(rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    for number, (one, place) in enumerate(placed(rows), 1):
        where = {"x": place.left, "y": place.top, "w": place.width, "h": place.height}
        shown = _row(one) if isinstance(one, Row) else _panel(one)
        yield {"id": number, "gridPos": where, **shown}


def _row(row: Row) -> dict[str, Any]:
    return {"type": "row", "title": row.title, "collapsed": False, "panels": []}


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.kind.value,
        "title": panel.title,
        "description": panel.text,
        "datasource": _DATA_SOURCE,
        "targets": [_target(panel, query, index) for index, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
        **({"transformations": _columns(panel)} if panel.kind is Kind.TABLE else {}),
    }


def _target(panel: Panel, query: Query, index: int) -> dict[str, Any]:
    now = panel.kind in {Kind.TABLE, Kind.NUMBER}
    return {
        "refId": chr(ord("A") + index),
        "datasource": _DATA_SOURCE,
        "expr": query.expression,
        "legendFormat": query.legend or "__auto",
        "instant": now,
        "range": not now,
        "format": {Kind.TABLE: "table", Kind.HEATMAP: "heatmap"}.get(panel.kind, "time_series"),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    made: dict[str, Any] = {"unit": panel.unit.value, "noValue": "none"}
    if panel.kind is Kind.LINES:
        made |= {"min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}}
    steps = _steps(panel)
    if steps:
        made["thresholds"] = {"mode": "absolute", "steps": steps}
    return made


def _steps(panel: Panel) -> list[dict[str, Any]]:
    if panel.red_from is not None:
        return [{"color": "green", "value": None}, {"color": "red", "value": panel.red_from}]
    if panel.red_below is not None:
        return [{"color": "red", "value": None}, {"color": "green", "value": panel.red_below}]
    return [{"color": "text", "value": None}] if panel.kind is Kind.NUMBER else []


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind is Kind.LINES:
        legend = {"displayMode": "list", "placement": "bottom"}
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    if panel.kind is Kind.NUMBER:
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "none"}
    if panel.kind is Kind.HEATMAP:
        return {"calculate": False, "yAxis": {"unit": panel.unit.value}}
    return {"showHeader": True}


def _columns(panel: Panel) -> list[dict[str, Any]]:
    """The labels in their order, then the value, and no time."""
    names = (*panel.labels, "Value")
    return [
        {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}},
        {"id": "organize", "options": {"indexByName": {name: at for at, name in enumerate(names)}}},
    ]
