"""docs/reference/conditions.md explains every condition, every word of health and every Event."""

import ast
from pathlib import Path

import pytest

from celery_health.catalogue.health import HealthState
from celery_operator.api.status import ConditionType
from celery_operator.decide.event_note import EventReason

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "conditions.md").read_text()


@pytest.mark.parametrize("word", [*ConditionType, *HealthState, *EventReason])
def test_the_page_on_conditions_explains_every_word(word: str) -> None:
    assert f"| `{word}` | " in PAGE


def test_no_event_has_a_reason_that_is_written_in_its_place() -> None:
    calls = [
        node
        for path in (ROOT / "operator" / "celery_operator").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "EventNote"
    ]
    assert calls
    assert [ast.unparse(call) for call in calls if isinstance(call.args[1], ast.Constant)] == []
