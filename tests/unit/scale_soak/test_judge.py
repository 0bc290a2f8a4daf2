"""What the scaling tests call lost, killed and run twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.scale_soak.judge import Outcome, first_idle, judge, last_end
from tools.soak.judge import Line

WORKER, OTHER = "default@shop-default-a", "default@shop-default-b"


def history(task: str, *events: tuple[str, float, str]) -> list[Line]:
    return [
        Line(task, "sent-late", "producer", 0.0),
        *(Line(task, event, worker, at) for event, at, worker in events),
    ]


RAN = (("started", 1.0, WORKER), ("ended", 2.0, WORKER))


def test_a_task_that_ran_once_and_to_its_end_is_clean() -> None:
    outcome = judge(history("a", *RAN) + history("b", *RAN))
    assert outcome == Outcome(sent=2, lost=0, killed=0, repeated=0)
    assert outcome.clean


def test_a_task_that_never_began_is_lost() -> None:
    outcome = judge(history("a", *RAN) + history("b"))
    assert (outcome.sent, outcome.lost, outcome.killed, outcome.repeated) == (2, 1, 0, 0)
    assert not outcome.clean
    assert outcome.examples == ("b: lost: sent-late +0.0 s producer",)


def test_a_task_that_ended_with_its_worker_is_lost_and_killed() -> None:
    outcome = judge(history("a", ("started", 1.0, WORKER)))
    assert (outcome.lost, outcome.killed, outcome.repeated) == (1, 1, 0)


def test_a_task_that_was_killed_and_ran_again_is_killed_and_repeated_and_not_lost() -> None:
    again = (("started", 9.0, OTHER), ("ended", 10.0, OTHER))
    outcome = judge(history("a", ("started", 1.0, WORKER), *again))
    assert (outcome.lost, outcome.killed, outcome.repeated) == (0, 1, 1)
    assert outcome.examples[0].startswith("a: killed and repeated: sent-late +0.0 s producer, started +1.0 s")


def test_a_task_that_ran_to_its_end_twice_is_repeated_alone() -> None:
    outcome = judge(history("a", *RAN, *RAN))
    assert (outcome.lost, outcome.killed, outcome.repeated) == (0, 0, 1)


def test_a_task_whose_sender_had_to_send_it_again_may_run_twice() -> None:
    assert judge([*history("a", *RAN, *RAN), Line("a", "resent", "producer", 0.5)]).clean


def test_an_empty_ledger_is_reported_as_nothing_sent() -> None:
    assert judge([]).sent == 0


def test_the_last_end_is_that_of_the_last_task_whatever_the_order_of_the_lines() -> None:
    lines = history("a", ("started", 1.0, WORKER), ("ended", 7.5, WORKER)) + history("b", *RAN)
    assert last_end(lines) == last_end(lines[::-1]) == 7.5


@given(
    st.permutations(history("a", *RAN) + history("b", ("started", 1.0, WORKER)) + history("c", *RAN, *RAN))
)
def test_the_order_of_the_lines_changes_no_count(lines: list[Line]) -> None:
    outcome = judge(lines)
    assert (outcome.sent, outcome.lost, outcome.killed, outcome.repeated) == (3, 1, 1, 1)


@pytest.mark.parametrize("tasks", [11, 500])
def test_examples_are_few_however_much_is_wrong(tasks: int) -> None:
    outcome = judge(line for number in range(tasks) for line in history(str(number)))
    assert outcome.lost == tasks
    assert len(outcome.examples) == 10


def test_the_first_is_idle_when_nothing_waits_and_one_worker_has_ended_all_of_its_own() -> None:
    busy = history("a", ("started", 0.5, WORKER), ("ended", 45.5, WORKER))
    lines = [*busy, *history("b", ("started", 2.0, OTHER), ("ended", 7.0, OTHER))]
    assert first_idle(lines) == first_idle(lines[::-1]) == 7.0


def test_a_worker_that_ends_its_own_while_others_wait_is_idle_only_when_none_waits() -> None:
    lines = [*history("a", *RAN), *history("b", ("started", 9.0, OTHER), ("ended", 54.0, OTHER))]
    assert first_idle(lines) == 9.0
