"""The comparison of ledger and history finds every difference, and knows which the monitor reports."""

from typing import Any

from tools.ledger.judge import judge
from tools.ledger.plan import Sent


def shown(state: str, *workers: str) -> dict[str, Any]:
    """A task as the API shows it, with a started run on each worker."""
    runs = [{"worker": worker, "started": 1.0} for worker in workers]
    return {"state": state, "runs": runs, "run_twice": len(workers) > 1}


def started(task: str, *workers: str) -> list[dict[str, Any]]:
    return [{"task": task, "event": "started", "worker": worker} for worker in workers]


def test_equal_states_and_runs_are_no_difference() -> None:
    sent = [Sent("a", "succeed"), Sent("b", "fail"), Sent("c", "revoke"), Sent("d", "retry")]
    history = {
        "a": shown("SUCCESS", "w1"),
        "b": shown("FAILURE", "w2"),
        "c": shown("REVOKED"),
        "d": shown("SUCCESS", "w1", "w2"),
    }
    lines = [*started("a", "w1"), *started("b", "w2"), *started("d", "w2", "w1")]
    result = judge(sent, lines, history, {})
    assert (result.differences, result.reported) == ([], [])
    assert (result.tasks, result.runs, result.run_twice) == (4, 4, 1)


def test_a_task_that_the_history_does_not_have_is_a_difference() -> None:
    result = judge([Sent("a", "succeed")], started("a", "w1"), {}, {})
    assert result.differences == ["succeed a is not in the history"]


def test_another_state_is_a_difference() -> None:
    result = judge([Sent("a", "fail")], started("a", "w1"), {"a": shown("SUCCESS", "w1")}, {})
    assert result.differences == ["fail a is SUCCESS, not FAILURE"]


def test_a_missing_run_is_a_difference() -> None:
    result = judge([Sent("a", "succeed")], started("a", "w1", "w1"), {"a": shown("SUCCESS", "w1")}, {})
    assert "ran on ['w1', 'w1']" in result.differences[0]


def test_a_difference_on_a_worker_with_missed_events_is_reported_by_the_monitor() -> None:
    result = judge([Sent("a", "succeed")], started("a", "w1"), {"a": shown("STARTED", "w1")}, {"w1": 3})
    assert result.differences == []
    assert result.reported == ["succeed a is STARTED, not SUCCESS"]
