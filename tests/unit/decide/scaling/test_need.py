"""How many slots a load needs by time."""

from celery_operator.api.autoscaling import Autoscaling
from celery_operator.decide.scaling import need
from tests.unit.decide.build import load

RULES = Autoscaling(max_replicas=20)


def test_a_task_that_waits_never_asks_for_more_than_one_slot() -> None:
    long_tasks = load(ready=3, active=4, busy_slots=4.0, throughput_per_slot=1 / 3600)
    assert need.by_time(RULES, long_tasks) == 7.0


def test_what_comes_is_kept_up_with_before_it_has_made_the_slots_busy() -> None:
    assert need.by_time(RULES, load(arrival_rate=10.0, throughput_per_slot=2.0, busy_slots=1.0)) == 5.0


def test_all_that_run_keep_their_slots_while_tasks_wait_for_one() -> None:
    assert need.by_time(RULES, load(active=9, busy_slots=5.0, ready=1)) == 9.0
    assert need.by_time(RULES, load(active=9, busy_slots=5.0, eta_due=1)) == 9.0
    assert need.by_time(RULES, load(active=5, busy_slots=9.0, ready=1)) == 9.0


def test_a_slot_that_has_become_free_is_not_needed_where_no_task_waits_for_one() -> None:
    assert need.by_time(RULES, load(active=9, busy_slots=5.0)) == 5.0
    assert need.by_time(RULES, load(active=5, busy_slots=9.0)) == 5.0
    # It waits for its own worker, and would not go to another.
    assert need.by_time(RULES, load(active=5, busy_slots=9.0, reserved=1)) == 5.0


def test_room_is_left_for_the_slots_that_new_tasks_keep_busy() -> None:
    assert need.with_room(load(arrival_rate=32.0, throughput_per_slot=2.0), 20.0) == 22.0
    # More come than the slots do: the rest waits, whatever room there is.
    assert need.with_room(load(arrival_rate=200.0, throughput_per_slot=2.0), 16.0) == 18.0


def test_no_room_is_left_for_what_waits_and_runs_already() -> None:
    assert need.with_room(load(ready=9, active=16, throughput_per_slot=2.0), 16.0) == 16.0


def test_room_is_left_for_all_while_the_throughput_is_unknown() -> None:
    assert need.with_room(load(arrival_rate=32.0), 16.0) == 18.0
