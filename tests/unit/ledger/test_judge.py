"""The comparison of ledger and history finds every difference, and knows which the monitor reports."""

from typing import Any

import pytest
from tools.ledger.executions import Kill
from tools.ledger.judge import MOST_GROWN_BYTES, Faults, Result, judge
from tools.ledger.plan import Sent

KILL = Kill("w1", 10.0)
KILLED = Faults([KILL])


def shown(state: str, *runs: tuple[str, str | None]) -> dict[str, Any]:
    """A task as the API shows it, with a started run on each worker."""
    listed = [
        {"worker": worker, "received": 1.0, "started": 1.0, "outcome": outcome} for worker, outcome in runs
    ]
    return {"state": state, "runs": listed, "run_twice": len(runs) > 1}


def ran(task: str, *runs: tuple[str, str | None], at: float = 1.0) -> list[dict[str, Any]]:
    """The lines of runs on these workers with these ends, half a second apart."""
    lines = []
    for number, (worker, end) in enumerate(runs):
        for event, later in (("started", 0.0), (end, 0.2)):
            if event is not None:
                lines.append(
                    {"task": task, "event": event, "worker": worker, "time": at + number / 2 + later}
                )
    return lines


def test_equal_states_and_runs_are_no_difference() -> None:
    sent = [Sent("a", "succeed"), Sent("b", "fail"), Sent("c", "revoke"), Sent("d", "retry")]
    history = {
        "a": shown("SUCCESS", ("w1", "SUCCESS")),
        "b": shown("FAILURE", ("w2", "FAILURE")),
        "c": shown("REVOKED"),
        "d": shown("SUCCESS", ("w1", "SUCCESS"), ("w2", "RETRY")),
    }
    lines = [
        *ran("a", ("w1", "succeeded")),
        *ran("b", ("w2", "failed")),
        *ran("d", ("w2", "retried"), ("w1", "succeeded")),
    ]
    result = judge(sent, lines, history, {})
    assert (result.differences, result.reported) == ([], [])
    assert (result.tasks, result.runs, result.run_twice) == (4, 4, 1)


def test_a_task_that_the_history_does_not_have_is_a_difference() -> None:
    result = judge([Sent("a", "succeed")], ran("a", ("w1", "succeeded")), {}, {})
    assert result.differences == ["succeed a is not in the history"]


def test_another_state_is_a_difference() -> None:
    history = {"a": shown("SUCCESS", ("w1", "FAILURE"))}
    result = judge([Sent("a", "fail")], ran("a", ("w1", "failed")), history, {})
    assert result.differences == ["fail a is SUCCESS, not FAILURE"]


def test_a_missing_run_is_a_difference() -> None:
    lines = ran("a", ("w1", "succeeded"), ("w1", "succeeded"))
    result = judge([Sent("a", "succeed")], lines, {"a": shown("SUCCESS", ("w1", "SUCCESS"))}, {})
    assert "ran on [('w1', 'SUCCESS'), ('w1', 'SUCCESS')]" in result.differences[0]


@pytest.mark.parametrize("outcomes", [("RETRY", "RETRY"), ("SUCCESS", "SUCCESS"), (None, "SUCCESS")])
def test_another_outcome_of_a_run_is_a_difference(outcomes: tuple[str | None, str | None]) -> None:
    lines = ran("a", ("w1", "retried"), ("w1", "succeeded"))
    history = {"a": shown("SUCCESS", *(("w1", outcome) for outcome in outcomes))}
    assert len(judge([Sent("a", "retry")], lines, history, {}).differences) == 1


def test_a_difference_on_a_worker_with_missed_events_is_reported_by_the_monitor() -> None:
    history = {"a": shown("STARTED", ("w1", "SUCCESS"))}
    result = judge([Sent("a", "succeed")], ran("a", ("w1", "succeeded")), history, {"w1": 3})
    assert result.differences == []
    assert result.reported == ["succeed a is STARTED, not SUCCESS"]


def test_a_missed_event_explains_only_a_run_of_its_own_worker() -> None:
    """So the missed event of w1 is left for the task that only w1 had."""
    sent = [Sent("a", "succeed"), Sent("b", "succeed")]
    lines = [*ran("a", ("w1", "succeeded"), ("w2", "succeeded")), *ran("b", ("w1", "succeeded"))]
    history = {
        "a": shown("SUCCESS", ("w1", "SUCCESS"), ("w2", "UNREPORTED")),
        "b": shown("UNREPORTED", ("w1", "UNREPORTED")),
    }
    result = judge(sent, lines, history, {"w1": 1, "w2": 1})
    assert (len(result.reported), result.differences) == (2, [])
    assert len(judge(sent, lines, history, {"w1": 2}).differences) == 1


def test_a_difference_that_any_worker_explains_leaves_the_missed_event_that_another_one_needs() -> None:
    sent = [Sent("a", "succeed"), Sent("b", "succeed")]
    lines = [
        *ran("a", ("w1", "succeeded")),
        *ran("a", ("w2", "succeeded"), at=9.0),
        *ran("b", ("w1", "succeeded")),
    ]
    history = {
        "a": {**shown("SUCCESS", ("w1", "SUCCESS"), ("w2", "SUCCESS")), "run_twice": False},
        "b": shown("UNREPORTED", ("w1", "UNREPORTED")),
    }
    assert judge(sent, lines, history, {"w1": 1, "w2": 1}).differences == []


def test_a_missed_event_goes_to_the_difference_that_no_other_event_explains() -> None:
    """The worker w2 has missed more than w1. Both explain a, and only w2 explains b and c."""
    sent = [Sent("a", "succeed"), Sent("b", "succeed"), Sent("c", "succeed")]
    pairs = {"a": ("w1", "w2"), "b": ("w2", "w3"), "c": ("w2", "w3")}
    lines = [
        line
        for task, workers in pairs.items()
        for at, worker in ((1.0, workers[0]), (9.0, workers[1]))
        for line in ran(task, (worker, "succeeded"), at=at)
    ]
    history = {
        task: {**shown("SUCCESS", *((worker, "SUCCESS") for worker in workers)), "run_twice": False}
        for task, workers in pairs.items()
    }
    assert judge(sent, lines, history, {"w1": 1, "w2": 2}).differences == []
    assert len(judge(sent, lines, history, {"w1": 2, "w2": 1}).differences) == 1


@pytest.mark.parametrize("seen", [[("w1", "LOST")], []])
def test_a_run_that_was_cut_by_a_kill_is_lost_or_was_never_reported(
    seen: list[tuple[str, str | None]],
) -> None:
    lines = [*ran("a", ("w1", None), at=9.9), *ran("a", ("w2", "succeeded"), at=30.0)]
    history = {"a": shown("SUCCESS", *seen, ("w2", "SUCCESS"))}
    assert judge([Sent("a", "succeed")], lines, history, {}, KILLED).differences == []
    assert len(judge([Sent("a", "succeed")], lines, history, {}).differences) == 1


def test_a_task_that_is_lost_although_it_succeeded_again_is_a_difference() -> None:
    lines = [*ran("a", ("w1", None), at=9.9), *ran("a", ("w2", "succeeded"), at=30.0)]
    result = judge([Sent("a", "succeed")], lines, {"a": shown("LOST", ("w1", "LOST"))}, {}, KILLED)
    assert result.differences == ["succeed a is LOST, not SUCCESS"]


def test_a_task_that_is_acknowledged_early_stays_lost_after_a_kill() -> None:
    history = {"a": shown("LOST", ("w1", "LOST"))}
    lines = ran("a", ("w1", None), at=8.0)
    assert judge([Sent("a", "exceed_limit")], lines, history, {}, KILLED).differences == []
    assert judge([Sent("a", "exceed_limit")], lines, history, {}).differences != []


def test_each_missed_event_explains_one_task_of_its_worker() -> None:
    sent = [Sent(task, "succeed") for task in "abc"]
    lines = [line for task in "abc" for line in ran(task, ("w1", "succeeded"))]
    history = {task: shown("UNREPORTED", ("w1", "UNREPORTED")) for task in "abc"}
    result = judge(sent, lines, history, {"w1": 2, "w2": 9})
    assert (len(result.reported), len(result.differences)) == (2, 1)


def test_a_run_that_began_as_its_worker_was_killed_may_be_unknown_to_the_ledger() -> None:
    lines = ran("a", ("w2", "succeeded"), at=30.0)
    history = {"a": shown("SUCCESS", ("w1", "LOST"), ("w2", "SUCCESS")) | {"run_twice": False}}
    assert judge([Sent("a", "succeed")], lines, history, {}, KILLED).differences == []
    assert judge([Sent("a", "succeed")], lines, history, {}).differences != []


def waiting(state: str, *received: str) -> dict[str, Any]:
    """A task that no worker has started, received by these workers at 9.0."""
    runs = [{"worker": worker, "received": 9.0, "started": None, "outcome": None} for worker in received]
    return {"state": state, "runs": runs, "run_twice": False}


@pytest.mark.parametrize("seen", [waiting("PENDING"), waiting("RECEIVED", "w1")])
def test_redis_loses_one_message_with_each_killed_worker(seen: dict[str, Any]) -> None:
    sent = [Sent("a", "succeed"), Sent("b", "succeed")]
    result = judge(sent, [], {"a": seen, "b": seen}, {}, Faults([KILL], may_be_popped=1))
    assert (len(result.popped), len(result.differences)) == (1, 1)
    assert judge(sent[:1], [], {"a": seen}, {}, KILLED).differences != []


@pytest.mark.parametrize(
    "seen", [waiting("RECEIVED", "w2"), waiting("REVOKED"), shown("STARTED", ("w1", None)), None]
)
def test_a_lost_message_has_to_be_shown_as_waiting(seen: dict[str, Any] | None) -> None:
    history = {} if seen is None else {"a": seen}
    result = judge([Sent("a", "succeed")], [], history, {}, Faults([KILL], may_be_popped=1))
    assert (result.popped, len(result.differences)) == ([], 1)


def test_a_cut_may_lose_the_message_and_the_event_of_its_sender() -> None:
    assert judge([Sent("a", "succeed")], [], {}, {}, Faults(may_be_popped=1, cut=True)).differences == []
    assert judge([Sent("a", "succeed")], [], {}, {}, Faults(may_be_popped=1)).differences != []
    assert judge([Sent("a", "succeed")], [], {}, {}, Faults(cut=True)).differences != []


def test_a_prefork_worker_may_forget_a_run_as_it_loses_its_connection() -> None:
    lines = [*ran("a", ("w1", "succeeded")), *ran("a", ("w1", "succeeded"), at=3.0)]
    history = {"a": shown("SUCCESS", ("w1", "SUCCESS"))}
    sent, forgetful = [Sent("a", "succeed")], Faults(may_be_forgotten=1, forgetful=["w1"])
    result = judge(sent, lines, history, {}, forgetful)
    assert (result.forgotten, result.differences) == (["succeed a has a run that w1 forgot"], [])
    assert judge(sent, lines, history, {}, Faults(may_be_forgotten=1, forgetful=["w2"])).differences != []
    assert judge(sent, lines[:2], {"a": shown("SUCCESS")}, {}, forgetful).differences != []


def test_a_task_after_a_lost_one_was_never_sent() -> None:
    sent = [Sent("a", "succeed"), Sent("b", "succeed", ("a",)), Sent("c", "succeed", ("b",))]
    result = judge(sent, [], {"a": waiting("PENDING")}, {}, Faults([KILL], may_be_popped=1))
    assert (len(result.popped), result.differences) == (1, [])
    result = judge(sent[:2], ran("a", ("w1", "succeeded")), {"a": shown("SUCCESS", ("w1", "SUCCESS"))}, {})
    assert result.differences == ["succeed b never ran, and is not in the history"]


def test_a_lost_message_of_a_retry_leaves_the_task_in_retry() -> None:
    history = {"a": shown("RETRY", ("w2", "RETRY"))}
    result = judge(
        [Sent("a", "retry")], ran("a", ("w2", "retried")), history, {}, Faults([KILL], may_be_popped=1)
    )
    assert (result.popped, result.differences) == (["retry a was not retried, and is RETRY"], [])


def test_a_flag_that_is_wrong_is_a_difference() -> None:
    lines = [*ran("a", ("w1", "succeeded")), *ran("a", ("w2", "succeeded"), at=30.0)]
    seen = shown("SUCCESS", ("w1", "SUCCESS"), ("w2", "SUCCESS"))
    assert judge([Sent("a", "succeed")], lines, {"a": seen}, {}).differences == []
    result = judge([Sent("a", "succeed")], lines, {"a": seen | {"run_twice": False}}, {})
    assert result.differences == ["succeed a ran twice, and the history does not say so"]
    seen = shown("SUCCESS", ("w1", "SUCCESS")) | {"run_twice": True}
    result = judge([Sent("a", "succeed")], ran("a", ("w1", "succeeded")), {"a": seen}, {})
    assert result.differences == ["succeed a ran once, and the history says twice"]


def test_a_run_that_follows_a_cut_one_on_the_same_worker_has_its_own_end() -> None:
    lines = [*ran("a", ("w1", None), at=8.0), *ran("a", ("w1", "succeeded"), at=30.0)]
    history = {"a": shown("SUCCESS", ("w1", "LOST"), ("w1", "SUCCESS"))}
    assert judge([Sent("a", "succeed")], lines, history, {}, KILLED).differences == []


def test_a_monitor_whose_memory_grows_is_not_right() -> None:
    assert Result(grown=MOST_GROWN_BYTES).is_right
    assert not Result(grown=MOST_GROWN_BYTES + 1).is_right
    assert not Result(differences=["succeed a is not in the history"]).is_right


def test_a_run_whose_end_is_known_and_its_start_is_not_is_no_difference() -> None:
    history = {"a": shown("SUCCESS", ("w1", "SUCCESS"), ("w2", "SUCCESS"))}
    history["a"]["runs"][0]["started"] = None
    lines = ran("a", ("w1", "succeeded"), ("w2", "succeeded"))
    assert judge([Sent("a", "succeed")], lines, history, {}).differences == []
