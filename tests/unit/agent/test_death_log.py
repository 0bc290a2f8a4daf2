"""Deaths are counted exactly within their window, in bounded room."""

import pickle
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from celery_health.wire.bounds import DEATH_WINDOW_SECONDS, DEATHS_LENGTH, REPORT_BYTES
from celery_health.wire.worker_report import WORKER_REPORT, WorkerReport
from celery_probe.agent import contract
from celery_probe.agent.worker.death_log import (
    BUCKET_SECONDS,
    KEPT_IDS,
    Casualty,
    Cause,
    DeathLog,
    Window,
)
from tests.unit.wire.documents import worker_document

CRASH = Cause("signal SIGSEGV")


def task(number: int | str = 1, name: str = "shop.crash", *, returns: bool = True) -> Casualty:
    return Casualty(f"id-{number}", name, "default", 0.5, returns)


def reported(log: DeathLog, now: float) -> WorkerReport:
    document = worker_document(**log.report(now, len))
    return WORKER_REPORT.decode(contract.encode(document))


def test_without_deaths_the_totals_are_zero_once_the_pool_is_observed() -> None:
    log = DeathLog()
    assert reported(log, 1000.0).children_lost_total is None
    log.start()
    report = reported(log, 1000.0)
    assert (report.children_lost_total, report.tasks_lost_total, report.deaths) == (0, 0, ())


def test_a_death_is_reported_with_its_task_and_its_cause() -> None:
    log = DeathLog()
    log.start()
    log.add(task(returns=False), Cause("signal SIGKILL", oom=True), 1000.0)
    log.add(task(returns=False), CRASH, 1040.0)
    report = reported(log, 1050.0)
    (deaths,) = report.deaths
    assert (deaths.id, deaths.name, deaths.queue, deaths.count) == ("id-1", "shop.crash", "default", 2)
    assert (deaths.first_mono, deaths.last_mono) == (1000.0, 1040.0)
    assert (deaths.cause, deaths.oom, deaths.ran_for, deaths.returns) == ("signal SIGSEGV", False, 0.5, False)
    (by_name,) = report.deaths_by_name
    assert (by_name.name, by_name.count, by_name.runs) == ("shop.crash", 2, len("shop.crash"))
    assert (report.children_lost, report.children_lost_idle, report.tasks_lost) == (2, 0, 2)


def test_a_child_without_a_task_has_no_name_and_loses_no_task() -> None:
    log = DeathLog()
    log.start()
    log.add(None, Cause("signal SIGKILL", oom=True), 1000.0)
    report = reported(log, 1000.0)
    assert (report.children_lost, report.children_lost_idle, report.children_lost_total) == (1, 1, 1)
    assert (report.children_lost_idle_cause, report.children_lost_idle_oom) == ("signal SIGKILL", True)
    assert (report.deaths, report.deaths_by_name, report.tasks_lost_total) == ((), (), 0)


def test_after_ten_minutes_a_death_counts_in_the_totals_alone() -> None:
    log = DeathLog()
    log.start()
    log.add(task(returns=False), CRASH, 1000.0)
    log.add(None, CRASH, 1000.0)
    last = reported(log, 1000.0 + DEATH_WINDOW_SECONDS)
    assert (last.children_lost, last.children_lost_idle_cause) == (2, "signal SIGSEGV")
    report = reported(log, 1000.1 + DEATH_WINDOW_SECONDS)
    assert (report.children_lost, report.tasks_lost, report.deaths, report.deaths_by_name) == (0, 0, (), ())
    assert (report.children_lost_idle, report.children_lost_idle_cause) == (0, "")
    assert (report.children_lost_total, report.tasks_lost_total) == (2, 1)


def test_ids_with_the_most_deaths_come_first_and_of_others_the_latest() -> None:
    log = DeathLog()
    for number in range(100):
        log.add(task(number), CRASH, 1000.0 + number)
    log.add(task(7), CRASH, 1200.0)
    report = reported(log, 1200.0)
    assert len(report.deaths) == DEATHS_LENGTH
    assert [deaths.id for deaths in report.deaths[:3]] == ["id-7", "id-99", "id-98"]


def test_a_flood_of_other_ids_does_not_push_out_the_one_that_dies_again_and_again() -> None:
    log = DeathLog()
    for _ in range(2):
        log.add(task("poison"), CRASH, 1000.0)
    for number in range(1000):
        log.add(task(number), CRASH, 1000.0 + number / 10)
    log.add(task("poison"), CRASH, 1100.0)
    assert [(deaths.id, deaths.count) for deaths in reported(log, 1100.0).deaths[:1]] == [("id-poison", 3)]


def test_a_new_id_counts_up_also_when_all_kept_ids_have_died_more_often() -> None:
    log = DeathLog()
    for number in range(KEPT_IDS * 2):
        log.add(task(number % KEPT_IDS), CRASH, 1000.0)
    for _ in range(4):
        log.add(task("new"), CRASH, 1001.0)
    assert reported(log, 1001.0).deaths[0].id == "id-new"


def test_ten_thousand_ids_that_die_in_turn_all_count() -> None:
    log = DeathLog()
    for number in range(3 * KEPT_IDS):
        log.add(task(number % KEPT_IDS), CRASH, 1000.0 + number / 100)
    assert [deaths.count for deaths in reported(log, 1300.0).deaths] == [3] * DEATHS_LENGTH


def test_the_deaths_of_any_number_of_ids_take_bounded_room_in_memory_and_in_the_report() -> None:
    def room(deaths: int) -> tuple[int, int]:
        log = DeathLog()
        log.start()
        for number in range(deaths):
            name, long = f"shop.task-{number % 1000}", "x" * 200
            log.add(Casualty(f"{number}{long}", name + long, long, 1.0, returns=False), CRASH, number / 100)
        return len(pickle.dumps(log)), len(contract.encode(log.report(deaths / 100, len)))

    memory, report = room(KEPT_IDS)
    most_memory, most_report = room(KEPT_IDS + 5000)
    assert most_memory < memory * 1.1
    assert report < most_report * 1.1 < REPORT_BYTES / 4


def test_the_totals_of_ten_thousand_deaths_are_exact() -> None:
    log = DeathLog()
    log.start()
    for number in range(10_000):
        log.add(task(number % 3, returns=number % 2 == 0), CRASH, number / 100)
    report = reported(log, 100.0)
    assert (report.children_lost, report.children_lost_total) == (10_000, 10_000)
    assert (report.tasks_lost, report.tasks_lost_total) == (5000, 5000)
    assert sum(deaths.count for deaths in report.deaths) == 10_000


@given(st.lists(st.floats(0, 400), max_size=200), st.floats(0, 2000))
def test_a_window_counts_exactly_but_for_its_oldest_ten_seconds(pauses: list[float], later: float) -> None:
    window, now, times = Window(), 0.0, []
    for pause in pauses:
        now += pause
        window.add(now)
        times.append(now)
    now += later
    surely = sum(1 for time in times if now - time <= DEATH_WINDOW_SECONDS - BUCKET_SECONDS)
    possibly = sum(1 for time in times if now - time <= DEATH_WINDOW_SECONDS)
    assert surely <= window.count(now) <= possibly
    first = window.first(now)
    assert (first is None) == (window.count(now) == 0)
    assert first is None or now - first <= DEATH_WINDOW_SECONDS


TEXTS = st.text(st.characters(exclude_categories=()), max_size=400)
TASKS = st.builds(Casualty, TEXTS, TEXTS, TEXTS, st.none() | st.floats(), st.booleans())


@example([(None, "", 1.0), (Casualty("a", "b", "c", None, True), "", 8.0), (None, "", 595.0)])
@given(st.lists(st.tuples(st.none() | TASKS, TEXTS, st.floats(0, 700)), max_size=60))
def test_any_deaths_make_a_report_that_is_read(deaths: list[tuple[Any, str, float]]) -> None:
    log, now = DeathLog(), 0.0
    for casualty, text, pause in deaths:
        now += pause
        log.add(casualty, Cause(text), now)
    report = reported(log, now)
    assert report.children_lost >= report.children_lost_idle + sum(found.count for found in report.deaths)
