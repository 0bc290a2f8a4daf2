"""Run promtool, without a Prometheus."""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from tools.cluster.binaries.toolchain import ensure

from celery_health.alerts.rule import Rule
from tests.support.alert_cases.case import Case


@cache
def program() -> str:
    """PROMTOOL from the environment, or the one that is built like the programs of the local cluster."""
    return os.environ.get("PROMTOOL") or str(ensure("promtool")["promtool"])


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [program(), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def unit_test(case: Case, rule: Rule, rules: Path) -> dict[str, Any]:
    """The test of one case as promtool reads it; ``rules`` is the file with the rule."""
    expected = [
        {
            "exp_labels": {**alert.labels, "severity": rule.severity.value},
            "exp_annotations": {
                "summary": alert.summary,
                "description": alert.description,
                "runbook": f"docs/{rule.runbook}",
            },
        }
        for alert in case.alerts
    ]
    return {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "name": case.about,
                "interval": "1m",
                "input_series": [{"series": one, "values": values} for one, values in case.series.items()],
                "alert_rule_test": [
                    {"eval_time": f"{minute}m", "alertname": rule.name, "exp_alerts": expected}
                    for minute in case.checked_minutes
                ],
            }
        ],
    }
