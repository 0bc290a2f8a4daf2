"""Tasks of every kind write down what they do while workers are killed, or the broker goes down and up.

The history says the same, or counts a missed event of the worker.
"""

from pathlib import Path

import pytest
from tools.ledger.run import compare
from tools.ledger.runs import COVERING, FLAPPING
from tools.ledger.stand import Plan

# A stand has up to two monitors and five workers: a busy machine takes minutes for it.
PATIENCE_SECONDS = 600.0


def _name(plan: Plan) -> str:
    return f"{plan.broker}, flapping" if plan.outages else plan.broker


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("plan", [*COVERING, FLAPPING], ids=_name)
def test_the_history_equals_the_ledger_of_the_tasks(plan: Plan, tmp_path: Path) -> None:
    results = compare(tmp_path, plan, patience=PATIENCE_SECONDS)
    assert {database: result.differences for database, result in results.items()} == {
        database: [] for database in plan.databases
    }
    assert all(result.tasks >= plan.tasks and result.is_right for result in results.values())
