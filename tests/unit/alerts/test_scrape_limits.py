"""The most series that a target may have, in the chart: more than a program can expose, and still a limit."""

import re

from celery_health.wire.task_metrics import MOST_BOUNDS, MOST_PAIRS, MOST_TASKS
from celery_monitor.metrics.task_counts import BUCKETS, MAX_SERIES, Kind
from tests.unit.alerts.documented_metrics import ROOT

_TEMPLATE = (ROOT / "charts/celery-operator/templates/podmonitors.yaml").read_text(encoding="utf-8")
_FOUND = re.search(r"sampleLimit: {{ ternary (\d+) (\d+) ", _TEMPLATE)
assert _FOUND
SIDECAR, MONITOR = map(int, _FOUND.groups())


def test_the_monitor_stays_below_its_limit_however_many_names_there_are() -> None:
    counters = (len(Kind) + len(("run twice", "lost"))) * (MAX_SERIES + 1)
    histograms = len(("runtime", "wait")) * (MAX_SERIES + 1) * (len(BUCKETS) + len(("+Inf", "sum", "count")))

    # The rest is for workers and queues.
    assert counters + histograms + 20_000 < MONITOR < 2 * (counters + histograms)


def test_a_sidecar_stays_below_its_limit_whatever_the_application_counts() -> None:
    counters = len(("started", "completed", "failed", "retried")) * (MOST_PAIRS + MOST_TASKS)
    histogram = (MOST_TASKS + 1) * (MOST_BOUNDS + len(("+Inf", "sum", "count")))

    # The rest is for the worker itself.
    assert counters + histogram + 100 < SIDECAR < 2 * (counters + histogram)
