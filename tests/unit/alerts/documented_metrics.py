"""The series that docs/reference/metrics.md names. Tests of each program hold that page to its sources."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TARGET_LABELS = frozenset({"namespace", "resource", "group", "pod", "job", "instance"})
"""What the chart and the scrape configurations give to each target."""

ALERT_LABELS = TARGET_LABELS | {"alertname", "alertstate", "severity"}
"""Prometheus has a series of its own for each alert."""

_HISTOGRAM_LABEL = {"bucket": frozenset({"le"}), "sum": frozenset[str](), "count": frozenset[str]()}


def named(name: str) -> str:
    """The name of a series on the page. An application chooses the prefix of its task metrics."""
    return re.sub(r"^\w+(?=_background_job_)", "celery", name)


def matching(pattern: str) -> set[str]:
    """The series whose names a regular expression of a query selects."""
    return {name for name in documented() if re.fullmatch(pattern, name)}


@cache
def documented() -> dict[str, frozenset[str]]:
    """The labels of each series, those of its target included. A histogram has its three series."""
    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    found = {"up": TARGET_LABELS, "ALERTS": ALERT_LABELS}
    for name, rest in re.findall(r"^\| `(celery_\w+)` \|(.*)\|$", page, re.MULTILINE):
        cells, _, meaning = rest.rpartition("|")
        labels = TARGET_LABELS | set(re.findall(r"`(\w+)`", cells))
        if meaning.strip().startswith("histogram"):
            found |= {f"{name}_{part}": labels | more for part, more in _HISTOGRAM_LABEL.items()}
        else:
            found[name] = frozenset(labels)
    return found
