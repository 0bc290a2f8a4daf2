"""Tasks of every kind write down what they do while a worker is killed, and the history says the same."""

from pathlib import Path

import pytest
from tools.ledger.run import compare
from tools.ledger.runs import COVERING
from tools.ledger.stand import Plan

# A stand has two monitors and up to five workers: a busy machine takes minutes for it.
PATIENCE_SECONDS = 600.0


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("plan", COVERING, ids=lambda plan: str(plan.broker))
def test_the_history_equals_the_ledger_of_the_tasks(plan: Plan, tmp_path: Path) -> None:
    results = compare(tmp_path, plan, patience=PATIENCE_SECONDS)
    assert {database: result.differences for database, result in results.items()} == {
        database: [] for database in plan.databases
    }
    assert all(result.tasks >= plan.tasks for result in results.values())
