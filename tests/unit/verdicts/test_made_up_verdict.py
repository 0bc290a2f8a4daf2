"""A new verdict takes one entry in the catalogue and one evidence function: nothing else lists it.

A copy of the tree gets a made-up verdict. A script in the copy then finds it in the conditions, Events and
recommendations of the operator, in the output of ``celery-health`` and in the generated documentation.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = Path("health/celery_health/catalogue/fleet.py")
CHECKS = Path("health/celery_health/verdicts/fleet/checks.py")

ENTRY = """
    DAYDREAMING = Entry(
        word="Daydreaming",
        subject=Subject.WORKER,
        severity=Severity.DEGRADED,
        page="daydreaming",
        meaning="A worker has reserved tasks and runs none.",
        cause=Cause.WORKER,
        wording=Wording(
            message="Worker {subject} has reserved {reserved} and runs none.",
            remedy="Find out what the worker waits for.",
            kubectl="logs {subject} -c {worker}",
            celery="inspect reserved -d {subjects}",
        ),
        rank=155,
    )
"""

EVIDENCE = '''
"""Daydreaming: a worker has reserved tasks and runs none."""

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.text import counted
from celery_health.verdicts.verdict import Verdict


def check(fleet: FleetEvidence) -> Verdict | None:
    found = [worker for worker in fleet.workers if worker.reserved and not worker.active_count]
    if not found:
        return None
    facts = {"reserved": counted(found[0].reserved, "task")}
    return Verdict(FleetReason.DAYDREAMING, tuple(worker.name for worker in found), facts)
'''

SCRIPT = """
import json
from dataclasses import replace
from pathlib import Path

from celery_health.cli.output.summary import summary_line
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.snapshot import Snapshot
from celery_health.survey.check_result import check_result
from celery_health.urls import parse
from celery_health.verdicts.thresholds import FleetThresholds
from celery_operator.decide import decide
from tests.unit.cli.examples import WORKER
from tests.unit.decide.build import broker, snapshot
from tests.unit.decide.pods import reporting_pod
from tools.verdict_pages import pages

pods = (reporting_pod("a", active=0, reserved=3), reporting_pod("b"))
decision = decide(snapshot(pods=pods))
idle = replace(WORKER, reserved=3)
fleet = Snapshot(0.0, broker(), workers=(idle,), workers_known=True)
result = check_result(fleet, AppConnection("redis://h/0", parse("redis://h/0")), FleetThresholds())
print(json.dumps({
    "conditions": {one.type: [one.reason, one.message] for one in decision.status.conditions},
    "events": [one.reason for one in decision.events],
    "recommendations": [[one.message, one.command] for one in decision.status.recommendations],
    "cli": summary_line(fleet, result),
    "docs": {str(path): text for path, text in pages(Path()).items()},
}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the script in the copy has found."""
    copy = tmp_path_factory.mktemp("tree")
    for folder in ("health", "probe", "operator", "tools", "tests/unit", "docs/reference"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tests/__init__.py").touch()
    (copy / CATALOGUE).write_text((copy / CATALOGUE).read_text() + ENTRY)
    (copy / CHECKS.with_name("daydreaming.py")).write_text(EVIDENCE.lstrip())
    checks = (copy / CHECKS).read_text()
    checks = checks.replace("import (\n", "import (\n    daydreaming,\n", 1)
    checks = checks.replace("(stalled_workers.check,", "(daydreaming.check, stalled_workers.check,", 1)
    (copy / CHECKS).write_text(checks)
    path = os.pathsep.join(str(copy / folder) for folder in ("health", "probe", "operator", "."))
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


PAGES = Path("docs/reference/verdicts")
MESSAGE = "Worker a has reserved 3 tasks and runs none."


def test_it_is_the_reason_of_the_condition_and_of_the_event(seen: Any) -> None:
    reason, message = seen["conditions"]["WorkersHealthy"]
    assert reason == "Daydreaming"
    assert MESSAGE in message
    assert "Daydreaming" in seen["events"]


def test_it_is_recommended_what_to_do_with_a_command(seen: Any) -> None:
    command = "kubectl -n market logs a -c worker"
    assert ["Find out what the worker waits for.", command] in seen["recommendations"]


def test_the_command_line_prints_it(seen: Any) -> None:
    assert "has reserved 3 tasks and runs none" in seen["cli"]
    assert "celery -b redis://h:6379/0 inspect reserved -d celery@a" in seen["cli"]


def test_the_documentation_has_a_page_and_lists_it(seen: Any) -> None:
    page = seen["docs"][str(PAGES / "daydreaming.md")]
    assert page.startswith("# Daydreaming\n")
    assert "A worker has reserved tasks and runs none." in page
    index = seen["docs"]["docs/reference/verdicts.md"]
    assert "[`Daydreaming`](verdicts/daydreaming.md#daydreaming)" in index
