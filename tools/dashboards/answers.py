"""What a Prometheus answers to the queries of the dashboards, kept as a file for the pictures."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.dashboards.panel import Dashboard, Panel, Query

FOLDER = Path("build/dashboards")
STEP_SECONDS = 2

Series = Mapping[str, Any]
"""One series as Prometheus gives it: ``metric`` with its labels, ``values`` with pairs of time and text."""


def filled(expression: str, choice: Mapping[str, str]) -> str:
    """A query with a value for each variable of Grafana in it, such as ``$namespace``."""
    return re.sub(r"\$(__\w+|[a-z]\w*)", lambda found: choice[found[1]], expression)


def panels(dashboard: Dashboard) -> Iterator[tuple[Panel, Query]]:
    """Each query with its panel."""
    for row in dashboard.rows:
        for panel in row.panels:
            for query in panel.queries:
                yield panel, query


def ask(url: str, query: str, begin: float, end: float) -> list[Series]:
    """The answer of the Prometheus at ``url`` for each step between two Unix times."""
    asked = urllib.parse.urlencode({"query": query, "start": begin, "end": end, "step": STEP_SECONDS})
    with urllib.request.urlopen(f"{url}/api/v1/query_range", asked.encode(), timeout=30) as answer:
        found: list[Series] = json.load(answer)["data"]["result"]
    return found


def keep(
    url: str, dashboard: Dashboard, choice: Mapping[str, str], begin: float, end: float
) -> list[tuple[str, str]]:
    """Write what Prometheus answers to a file. Gives the panel and the query of each that has no answer."""
    answers = [ask(url, filled(query.expression, choice), begin, end) for _, query in panels(dashboard)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    document = {"begin": begin, "end": end, "choice": dict(choice), "answers": answers}
    file(dashboard).write_text(json.dumps(document))
    return [
        (panel.title, query.expression)
        for (panel, query), answer in zip(panels(dashboard), answers, strict=True)
        if not answer
    ]


def file(dashboard: Dashboard) -> Path:
    """Where the answers of this dashboard are kept."""
    return FOLDER / f"{dashboard.uid}.json"
