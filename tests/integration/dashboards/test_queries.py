"""Every query of the dashboards gives an answer on series with the names and labels of this product.

promtool evaluates the queries as Prometheus does. The series are made up from docs/reference/metrics.md, to
which tests of each program hold what it exposes.
"""

from pathlib import Path
from typing import Any

import pytest
from tools.dashboards.answers import filled, panels
from tools.dashboards.every import DASHBOARDS
from tools.dashboards.panel import Dashboard

from tests.integration.alerts.promtool import promtool
from tests.support.prometheus import write
from tests.unit.alerts.documented_metrics import documented

VALUES = {
    "namespace": "market",
    "resource": "shop",
    "group": "standard",
    "queue": "mail",
    "queue_name": "mail",
    "name": "shop.send",
    "hostname": "standard",
    "state": "Unhealthy",
    "kind": "children",
    "reconcile": "health",
    "result": "taken",
    "condition": "Ready",
    "reason": "Deaf",
    "exception": "KeyError",
    "task_name": "shop.send",
    "error_type": "KeyError",
    "customer_id": "7",
    "alertname": "CeleryWorkersDown",
    "alertstate": "firing",
    "severity": "critical",
    "job": "celery",
    "instance": "a",
}
CHOSEN = {
    "namespace": "market",
    "resource": "shop",
    "queue": "mail",
    "name": "shop.send",
    "__rate_interval": "5m",
}
OUTSIDE = {**CHOSEN, "namespace": ".*"}
CONSTANT = ("celery_deployment_health", "ALERTS")
OF_MONITOR = ("celery_task_", "celery_monitor_", "celery_queue_length", "celery_active_", "celery_worker_up")


def series(application: frozenset[str]) -> list[dict[str, str]]:
    """One series of each metric with all its labels; counters and gauges grow by one a minute."""
    made = []
    for name, labels in documented().items():
        known = sorted(labels & VALUES.keys() - ({"namespace", "resource", "group"} - application))
        pairs = [f'{label}="{VALUES[label]}"' for label in known]
        values = "1x30" if name in CONSTANT else "1+1x30"
        # The buckets of a histogram are cumulative, and end with +Inf.
        bounds = [f'le="{bound}"' for bound in ("0.5", "5", "+Inf")] if "le" in labels else []
        found = [[*pairs, bound] for bound in bounds] or [pairs]
        made += [{"series": f"{name}{{{','.join(one)}}}", "values": values} for one in found]
    return made


def answered(expressions: list[str], application: frozenset[str], path: Path) -> str:
    """What promtool says of these queries, empty where each gives an answer."""
    tests = [
        {"expr": f"count({one}) > bool 0", "eval_time": "20m", "exp_samples": [{"labels": "{}", "value": 1}]}
        for one in expressions
    ]
    document: dict[str, Any] = {
        "tests": [{"interval": "1m", "input_series": series(application), "promql_expr_test": tests}]
    }
    tested = promtool("test", "rules", write(path, document))
    return "" if tested.returncode == 0 else tested.stdout + tested.stderr


def queries(dashboard: Dashboard) -> list[str]:
    shown = [query.expression for _, query in panels(dashboard)]
    return [*shown, *(variable.expression for variable in dashboard.variables)]


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)
def test_every_query_gives_an_answer_in_a_cluster(dashboard: Dashboard, tmp_path: Path) -> None:
    asked = [filled(one, CHOSEN) for one in queries(dashboard)]

    assert answered(asked, frozenset({"namespace", "resource", "group"}), tmp_path / "t.yml") == ""


@pytest.mark.parametrize("uid", ["celery-queue", "celery-task"])
def test_queues_and_tasks_are_found_outside_kubernetes_where_no_series_has_a_namespace(
    uid: str, tmp_path: Path
) -> None:
    (dashboard,) = [one for one in DASHBOARDS if one.uid == uid]
    asked = [filled(one, OUTSIDE) for one in queries(dashboard) if any(name in one for name in OF_MONITOR)]

    assert asked
    assert answered(asked, frozenset({"resource"}), tmp_path / "t.yml") == ""


def test_a_query_without_an_answer_is_noticed(tmp_path: Path) -> None:
    assert answered(["celery_queue_length == -1"], frozenset({"resource"}), tmp_path / "t.yml")
