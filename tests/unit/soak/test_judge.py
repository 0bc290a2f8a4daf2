"""What the soak calls lost, doubled and explained."""

import pytest
from tools.soak.judge import Fault, Hit, Line, Outcome, judge

POD, OTHER = "shop-prefork-a", "shop-prefork-b"
WORKER, ELSEWHERE = f"prefork@{POD}", f"prefork@{OTHER}"
KILLED = Fault("kill", Hit.WORKER, POD, 10.0, 10.0)
BROKER_AWAY = Fault("broker restart", Hit.BROKER, "redis", 10.0, 10.0)


def lines(mode: str, *events: tuple[str, float, str]) -> list[Line]:
    return [
        Line("t", f"sent-{mode}", "prefork", 0.0),
        *(Line("t", event, worker, at) for event, at, worker in events),
    ]


def outcome(mode: str, *events: tuple[str, float, str], faults: tuple[Fault, ...] = ()) -> Outcome:
    return judge(lines(mode, *events), faults)


@pytest.mark.parametrize("mode", ["late", "early"])
def test_a_task_that_ran_once_keeps_every_promise(mode: str) -> None:
    found = outcome(mode, ("started", 1, WORKER), ("ended", 2, WORKER))
    assert found.kept_promises
    assert (found.sent_late, found.sent_early) == ((1, 0) if mode == "late" else (0, 1))


def test_a_late_task_that_never_ended_is_lost_whatever_happened_to_its_worker() -> None:
    found = outcome("late", ("started", 9.9, WORKER), faults=(KILLED,))
    assert found.lost_late == 1
    assert not found.kept_promises
    assert "acknowledged late" in found.examples[0]


def test_an_early_task_may_be_lost_with_the_worker_that_ran_it() -> None:
    assert outcome("early", ("started", 9.9, WORKER), faults=(KILLED,)).lost_early_explained == 1


def test_an_early_task_on_a_worker_that_nothing_happened_to_may_not() -> None:
    found = outcome("early", ("started", 9.9, ELSEWHERE), faults=(KILLED, BROKER_AWAY))
    assert found.lost_early_unexplained == 1
    assert not found.kept_promises


def test_an_early_task_that_never_began_is_explained_only_by_a_worker_killed_after_it_was_sent() -> None:
    assert outcome("early", faults=(KILLED,)).lost_early_explained == 1
    assert outcome("early", faults=(BROKER_AWAY,)).lost_early_unexplained == 1
    assert outcome("early").lost_early_unexplained == 1


@pytest.mark.parametrize("mode", ["late", "early"])
@pytest.mark.parametrize("hit", [Hit.WORKER, Hit.BROKER])
def test_a_task_sent_into_the_very_moment_of_a_fault_may_be_lost_in_the_pop(mode: str, hit: Hit) -> None:
    found = outcome(mode, faults=(Fault("any", hit, POD, 1.5, 1.5),))
    assert found.lost_in_the_pop == 1
    assert found.kept_promises


def test_no_pop_explains_a_task_that_was_received_or_sent_at_another_time_or_while_the_operator_died() -> (
    None
):
    assert outcome(
        "late", ("started", 1, WORKER), faults=(Fault("any", Hit.BROKER, "r", 1.5, 1.5),)
    ).lost_late
    assert outcome("late", faults=(KILLED,)).lost_late
    assert outcome("late", faults=(Fault("any", Hit.OPERATOR, "o", 1.0, 1.0),)).lost_late
    assert outcome(
        "late", ("received", 1, WORKER), faults=(Fault("any", Hit.BROKER, "r", 1.5, 1.5),)
    ).lost_late


def test_a_fault_that_takes_time_may_strike_until_it_is_made() -> None:
    assert outcome("late", faults=(Fault("any", Hit.WORKER, POD, -5.0, -1.0),)).lost_in_the_pop == 1
    assert outcome("late", faults=(Fault("any", Hit.WORKER, POD, -5.0, -3.0),)).lost_late == 1


def waited_in_its_queue(*others: tuple[str, float, float]) -> Outcome:
    """A task sent at 0 that no worker received; others that ran: (queue, sent, received). A fault at 10."""
    ledger = lines("late")
    for number, (queue, sent, received) in enumerate(others):
        ledger += [
            Line(f"other-{number}", "sent-late", queue, sent),
            Line(f"other-{number}", "received", WORKER, received),
            Line(f"other-{number}", "started", WORKER, received),
            Line(f"other-{number}", "ended", WORKER, received + 1),
        ]
    return judge(ledger, [BROKER_AWAY])


def test_a_task_leaves_its_queue_after_those_sent_before_it_and_before_those_sent_after_it() -> None:
    assert waited_in_its_queue(("prefork", -0.1, 9.9), ("prefork", 0.1, 15.0)).lost_in_the_pop == 1
    assert waited_in_its_queue(("prefork", -0.1, 14.0), ("prefork", 0.1, 15.0)).lost_late == 1
    assert waited_in_its_queue(("prefork", -0.1, 0.0), ("prefork", 0.1, 5.0)).lost_late == 1
    assert waited_in_its_queue(("threads", -0.1, 9.9), ("threads", 0.1, 15.0)).lost_late == 1


@pytest.mark.parametrize("fault", [KILLED, BROKER_AWAY])
def test_a_second_run_is_explained_by_a_fault_between_the_two(fault: Fault) -> None:
    found = outcome(
        "late", ("started", 9, WORKER), ("started", 30, ELSEWHERE), ("ended", 31, ELSEWHERE), faults=(fault,)
    )
    assert found.doubled_explained == 1
    assert found.kept_promises


@pytest.mark.parametrize(
    "fault",
    [
        Fault("kill", Hit.WORKER, OTHER, 10.0, 10.0),
        Fault("kill", Hit.WORKER, POD, 40.0, 40.0),
        Fault("broker restart", Hit.BROKER, "redis", 40.0, 40.0),
        Fault("operator killed", Hit.OPERATOR, "operator", 10.0, 10.0),
    ],
)
def test_a_second_run_is_not_explained_by_other_faults(fault: Fault) -> None:
    found = outcome(
        "late", ("started", 9, WORKER), ("started", 30, ELSEWHERE), ("ended", 31, ELSEWHERE), faults=(fault,)
    )
    assert found.doubled_unexplained == 1
    assert not found.kept_promises


def test_a_task_that_was_sent_twice_may_run_twice() -> None:
    found = outcome(
        "late",
        ("resent", 1, "producer"),
        ("started", 2, WORKER),
        ("started", 3, WORKER),
        ("ended", 4, WORKER),
    )
    assert found.doubled_explained == 1
