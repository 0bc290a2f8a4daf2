"""The comparisons cover what the monitor promises."""

from collections.abc import Iterator
from itertools import combinations, product

from tools.ledger.flapping import DOWN_SECONDS, UP_SECONDS
from tools.ledger.runs import COVERING, FLAPPING, WHOLE
from tools.ledger.stand import POSTGRESQL, RABBITMQ, REDIS, SQLITE, Plan
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7

CHOICES = (
    tuple(world.celery for world in (CELERY_5_3, CELERY_5_6, CELERY_5_7)),
    ("prefork", "threads", "gevent"),
    (REDIS, RABBITMQ),
    (SQLITE, POSTGRESQL),
)


def _pairs(plan: Plan) -> Iterator[tuple[str, str]]:
    for (world, pool), database in product(plan.workers, plan.databases):
        yield from combinations((world.celery, pool, plan.broker, database), 2)


def test_the_small_comparisons_cover_each_pair_of_version_pool_broker_and_database() -> None:
    covered = {pair for plan in COVERING for pair in _pairs(plan)}
    wanted = {pair for one, other in combinations(CHOICES, 2) for pair in product(one, other)}
    assert wanted - covered == set()


def test_the_large_comparisons_have_20000_tasks_and_each_version_pool_broker_and_database() -> None:
    assert sum(plan.tasks for plan in WHOLE) == 20_000
    seen = {name for plan in WHOLE for pair in _pairs(plan) for name in pair}
    assert seen == {name for choice in CHOICES for name in choice}


def test_the_connections_to_each_broker_are_cut_again_and_again() -> None:
    assert {plan.broker for plan in WHOLE if plan.cuts >= 60} == {REDIS, RABBITMQ}


def test_each_broker_goes_down_and_up_again_for_three_minutes() -> None:
    seconds = sum(map(sum, (UP_SECONDS, DOWN_SECONDS))) / 2
    assert {plan.broker for plan in WHOLE if plan.outages * seconds >= 180} == {REDIS, RABBITMQ}
    assert 0 < FLAPPING.outages * seconds <= 30
