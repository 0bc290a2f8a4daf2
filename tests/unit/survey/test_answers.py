"""What workers answer to ``stats``, ``registered`` and ``active_queues``, as typed values."""

from typing import Any

import pytest

from celery_health.survey.answers.queues import ConsumedQueue, read_queues
from celery_health.survey.answers.registered import Registered, read_registered
from celery_health.survey.answers.stats import WorkerStats, read_stats

GROWS = {"max": 10, "min": 2, "current": 2, "qty": 0}


def test_the_numbers_of_a_worker_are_read() -> None:
    pool = {"max-concurrency": 4, "implementation": "celery.concurrency.prefork:TaskPool"}
    assert read_stats({"pool": pool, "prefetch_count": 16, "pid": 7, "uptime": 60}) == WorkerStats(
        slots=4, most_slots=4, pool="prefork", prefetch=16, pid=7, uptime=60
    )


@pytest.mark.parametrize(
    ("total", "started"),
    [
        ({"shop.mail": 3, "shop.pdf": 1}, 4),
        ({}, 0),
        ({"shop.mail": 3, "shop.pdf": "1", "shop.add": None}, 3),
        ([3], None),
    ],
)
def test_a_worker_has_started_the_tasks_of_all_names(total: object, started: int | None) -> None:
    assert read_stats({"total": total}).started == started


@pytest.mark.parametrize(
    ("answer", "slots", "most"),
    [
        ({"pool": {"max-concurrency": 2}}, 2, 2),
        ({"pool": {"max-concurrency": 2, "processes": [11, 12, 13]}}, 3, 3),
        ({"pool": {"max-concurrency": 4, "processes": [11]}}, 1, 1),
        ({"pool": {"max-concurrency": 2, "processes": []}}, 2, 2),
        ({"pool": {"max-concurrency": 2}, "autoscaler": GROWS}, 2, 10),
        ({"pool": {"max-concurrency": 2, "processes": [11, 12, 13]}, "autoscaler": GROWS}, 3, 10),
        ({"pool": {"max-concurrency": 12}, "autoscaler": GROWS}, 12, 12),
        ({"autoscaler": GROWS}, None, 10),
    ],
)
def test_a_pool_has_a_slot_for_each_process_and_grows_by_itself_up_to_its_maximum(
    answer: dict[str, Any], slots: int | None, most: int | None
) -> None:
    found = read_stats(answer)
    assert (found.slots, found.most_slots) == (slots, most)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        7,
        ["x"],
        {"pool": ["x"], "autoscaler": 3},
        {"pool": {"max-concurrency": True, "implementation": 3}, "prefetch_count": -1, "pid": 2**60},
    ],
)
def test_nonsense_has_no_numbers(answer: object) -> None:
    assert read_stats(answer) == WorkerStats()


def test_tasks_and_their_rate_limits_are_read() -> None:
    answer = [
        "shop.mail [rate_limit=10/m]",
        "shop.pdf",
        "shop.add [max_retries=3 rate_limit=5]",
        3,
        "y" * 2000,
    ]
    assert read_registered(answer) == Registered(
        ("shop.mail", "shop.pdf", "shop.add"), {"shop.mail": "10/m", "shop.add": "5"}
    )
    assert read_registered(answer, 2) == Registered(("shop.mail", "shop.pdf"), {"shop.mail": "10/m"})
    assert read_registered({"a": 1}) is None
    assert read_registered(None) is None


def test_queues_without_a_name_are_left_out() -> None:
    answer = [{"name": "mail", "exchange": "mail"}, {"exclusive": True}, {"name": 7}, "pdf", None]
    assert read_queues(answer) == (ConsumedQueue("mail"),)
    assert read_queues({"name": "mail"}) == ()
    assert read_queues(7) == ()
