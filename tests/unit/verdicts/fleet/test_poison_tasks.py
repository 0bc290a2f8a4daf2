"""A poison task is named, and no other one is."""

from dataclasses import replace
from typing import Any

import pytest

from celery_health.catalogue.deaths import DeathReason
from celery_health.verdicts.commands import CeleryCommands
from celery_health.verdicts.deaths import FleetDeaths, ProcessDeath, TaskDeaths, WorkerDeaths
from celery_health.verdicts.fleet import poison_tasks
from celery_health.verdicts.verdict import Verdict
from tests.unit.verdicts.fleets import watched

MIB = 1024 * 1024
HOG, NAP = ("29a3b4be-1111", "warehouse.hog"), ("77c0ffee-2222", "shop.nap")


def died(
    count: int,
    task: tuple[str, str] = HOG,
    cause: str = "signal SIGKILL",
    *,
    oom: bool = False,
    returns: bool = True,
) -> TaskDeaths:
    id_, name = task
    return TaskDeaths(id_, name, count, first=100.0, last=140.0, cause=cause, oom=oom, returns=returns)


def at(
    *tasks: TaskDeaths,
    worker: str = "shop-1",
    runs: dict[str, int] | None = None,
    processed: int = 1000,
    process_deaths: tuple[ProcessDeath, ...] = (),
) -> WorkerDeaths:
    return WorkerDeaths(
        worker,
        tasks,
        tuple((runs or {}).items()),
        processed,
        children_lost=sum(task.count for task in tasks),
        memory_limit=160 * MIB,
        memory_peak=158 * MIB,
        process_deaths=process_deaths,
    )


def together(time: float, *tasks: tuple[str, str]) -> ProcessDeath:
    return ProcessDeath(time, "signal SIGKILL", oom=True, tasks=tasks, task_count=len(tasks))


def found(*workers: WorkerDeaths) -> Verdict | None:
    return poison_tasks.check(replace(watched(), deaths=FleetDeaths(workers)))


def test_the_message_has_what_a_person_needs() -> None:
    verdict = found(at(died(12, oom=True)))
    assert verdict is not None
    assert verdict.reason is DeathReason.POISON_TASK
    assert verdict.message == (
        "Task warehouse.hog (29a3b4be) killed its worker 12 times in 40 s: out of memory, 158 of 160 MiB. "
        "It was redelivered each time."
    )
    assert verdict.command(CeleryCommands("shop")) == "celery -A shop control revoke 29a3b4be-1111"


@pytest.mark.parametrize(("count", "poison"), [(2, False), (3, True)])
def test_an_id_is_named_from_its_third_death_on(count: int, poison: bool) -> None:
    assert (found(at(died(count, cause="signal SIGSEGV"))) is not None) is poison


def test_deaths_at_several_workers_count_together() -> None:
    workers = [at(died(1, cause="exit status 3"), worker=name) for name in ("shop-1", "shop-2", "shop-3")]
    verdict = found(*workers)
    assert verdict is not None
    assert "3 times in 40 s: exit status 3." in verdict.message
    assert found(*workers[:2]) is None


def test_a_task_whose_message_is_gone_says_so() -> None:
    verdict = found(at(died(3, returns=False)))
    assert verdict is not None
    assert verdict.message.endswith("Its message does not go back to the queue.")


def test_an_id_from_a_stranger_is_quoted_in_the_command() -> None:
    verdict = found(at(died(3, ("x; rm -rf /", "shop.nap"))))
    assert verdict is not None
    assert verdict.command(CeleryCommands("shop")) == "celery -A shop control revoke 'x; rm -rf /'"


def many_ids(count: int, name: str, cause: str) -> list[TaskDeaths]:
    return [died(1, (f"id-{number}", name), cause) for number in range(count)]


@pytest.mark.parametrize(
    ("why", "deaths", "runs", "poison"),
    [
        ("a rare task that dies again and again", 5, 10, True),
        ("four deaths are too few", 4, 10, False),
        ("a task that most runs are of dies as often as any other", 5, 900, False),
        ("a fifth of the runs", 5, 200, True),
        ("just more than a fifth of the runs", 5, 201, False),
    ],
)
def test_a_name_is_named_by_its_share_of_the_deaths(why: str, deaths: int, runs: int, poison: bool) -> None:
    tasks = many_ids(deaths, "warehouse.hog", "signal SIGSEGV")
    verdict = found(at(*tasks, runs={"warehouse.hog": runs}, processed=1000))
    assert (verdict is not None) is poison
    if verdict:
        assert verdict.message.startswith("Tasks of warehouse.hog killed their workers 5 times in 40 s.")


@pytest.mark.parametrize(("elsewhere", "poison"), [(None, False), (1000, False), (0, True)])
def test_workers_that_do_not_say_how_often_a_name_ran_do_not_lower_its_share(
    elsewhere: int | None, poison: bool
) -> None:
    tasks = many_ids(5, "warehouse.hog", "signal SIGSEGV")
    runs = {} if elsewhere is None else {"warehouse.hog": elsewhere}
    others = [at(worker=f"shop-{number}", runs=runs, processed=1000) for number in range(2, 11)]
    verdict = found(at(*tasks, runs={"warehouse.hog": 1000}, processed=1000), *others)
    assert (verdict is not None) is poison


def test_children_that_are_killed_from_outside_name_no_task_by_its_name() -> None:
    tasks = many_ids(20, "shop.long", "signal SIGKILL")
    assert found(at(*tasks, runs={"shop.long": 1}, processed=1000)) is None


def test_the_death_of_the_whole_process_counts_for_the_task_that_ran_alone() -> None:
    deaths = tuple(together(time, HOG) for time in (100.0, 120.0, 150.0))
    verdict = found(at(process_deaths=deaths))
    assert verdict is not None
    assert "killed its worker 3 times in 50 s: out of memory at the limit of 160 MiB." in verdict.message


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"memory_peak": None}, "out of memory at the limit of 160 MiB"),
        ({"memory_limit": None}, "out of memory"),
    ],
)
def test_a_cause_names_the_memory_that_is_known(changes: dict[str, Any], cause: str) -> None:
    verdict = found(replace(at(died(3, oom=True)), **changes))
    assert verdict is not None
    assert f": {cause}. " in verdict.message


def test_the_memory_is_that_of_the_last_death() -> None:
    before = replace(at(died(3, oom=True), worker="shop-1"), memory_limit=64 * MIB)
    verdict = found(before, at(process_deaths=(together(200.0, HOG),), worker="shop-2"))
    assert verdict is not None
    assert "4 times in 100 s: out of memory at the limit of 160 MiB." in verdict.message


def found_in_quarantine(*workers: WorkerDeaths) -> Verdict | None:
    deaths = FleetDeaths(workers, dead_letter_queue="celery.dead-letter")
    return poison_tasks.check(replace(watched(), deaths=deaths))


def test_a_memory_error_is_a_matter_of_the_limit() -> None:
    verdict = found(at(died(3, cause="MemoryError")))
    assert verdict is not None
    assert "killed its worker 3 times in 40 s: MemoryError." in verdict.message
    assert "raise the limit that it reached" in verdict.remedy


def test_in_quarantine_the_message_is_put_back_and_not_revoked() -> None:
    verdict = found_in_quarantine(at(died(3, cause="exit status 3")))
    assert verdict is not None
    assert verdict.message == (
        "Task warehouse.hog (29a3b4be) killed its worker 3 times in 40 s: exit status 3. Workers now move "
        "its message to the queue celery.dead-letter instead of running it."
    )
    assert verdict.remedy.startswith("Correct the task. Then put the message back.")
    assert verdict.command(CeleryCommands("shop")) == (
        "celery -A shop health dead-letter replay 29a3b4be-1111 --queue celery.dead-letter"
    )


def test_of_several_in_quarantine_the_command_lists_all() -> None:
    verdict = found_in_quarantine(at(died(4), died(3, NAP)))
    assert verdict is not None
    assert verdict.message.endswith("Another task kills its workers as well: shop.nap (77c0ffee).")
    assert verdict.command(CeleryCommands("shop")) == (
        "celery -A shop health dead-letter list --queue celery.dead-letter"
    )


def test_suspects_in_quarantine_are_not_revoked_either() -> None:
    deaths = tuple(together(time, HOG, NAP) for time in (100.0, 120.0, 150.0))
    verdict = found_in_quarantine(at(process_deaths=deaths))
    assert verdict is not None
    assert "They ran together each time. Workers now move their messages" in verdict.message
    assert "dead-letter list" in verdict.command(CeleryCommands("shop"))


def test_a_message_that_does_not_come_back_is_not_in_quarantine() -> None:
    verdict = found_in_quarantine(at(died(3, returns=False)))
    assert verdict is not None
    assert "control revoke" in verdict.command(CeleryCommands("shop"))


def test_without_quarantine_others_are_named_by_the_ids_that_revoke_takes() -> None:
    verdict = found(at(died(5), died(4, NAP), *(died(3, (f"id-{n}", "shop.nap")) for n in range(3))))
    assert verdict is not None
    assert verdict.message.endswith(
        "It was redelivered each time. Other tasks kill their workers as well: shop.nap (77c0ffee-2222), "
        "shop.nap (id-0), shop.nap (id-1) and 1 more."
    )


@pytest.mark.parametrize(
    ("cause", "oom", "memory"),
    [
        ("exit status 3", False, False),
        ("signal SIGSEGV", False, False),
        ("signal SIGKILL", False, True),
        ("signal SIGKILL", True, True),
    ],
)
def test_memory_is_a_remedy_only_where_it_may_be_the_cause(cause: str, oom: bool, memory: bool) -> None:
    for verdict in (
        found(at(died(3, cause=cause, oom=oom))),
        found(at(*many_ids(5, "shop.nap", cause), runs={"shop.nap": 1})),
    ):
        # SIGKILL from outside names no task by its name.
        if verdict is not None:
            assert ("memory" in verdict.remedy) is memory
            assert "resources." not in verdict.remedy


def test_a_bystander_is_not_named() -> None:
    deaths = (*(together(time, HOG, NAP) for time in (100.0, 120.0, 150.0)), together(170.0, HOG))
    verdict = found(at(process_deaths=deaths))
    assert verdict is not None
    assert verdict.subjects == ("warehouse.hog (29a3b4be)",)


def test_tasks_that_died_together_each_time_are_suspects() -> None:
    verdict = found(at(process_deaths=tuple(together(time, HOG, NAP) for time in (100.0, 120.0, 150.0))))
    assert verdict is not None
    assert verdict.message.startswith(
        "One of the tasks warehouse.hog (29a3b4be) and shop.nap (77c0ffee) killed its worker 3 times in 50 s"
    )


def test_without_deaths_there_is_nothing_to_say() -> None:
    assert found() is None
    assert found(at()) is None
