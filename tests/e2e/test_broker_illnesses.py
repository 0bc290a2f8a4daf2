"""However the broker is ill: the status says so, nothing is restarted, and all is well soon after."""

import time

import pytest

from tests.e2e.broker_illnesses import BY_NAME, Illness, RestartsSeen, away
from tests.e2e.shop import Shop, celery_deployment, group

TOLD_SECONDS = 10
BACK_SECONDS = 20
FLAPPING_SECONDS = 60.0
PERIOD_SECONDS = 20.0
GROUPS = ("default", "threads")


def start(shop: Shop) -> RestartsSeen:
    """Two groups with the Redis of the namespace, and what of them may not change."""
    shop.apply(celery_deployment(workers=[group(), group("threads", pool="threads")]))
    shop.wait_ready()
    return RestartsSeen(shop, GROUPS)


def suffer(shop: Shop, illness: Illness) -> None:
    """One illness from its begin until the workers consume again."""
    with illness.make(shop):
        began = time.monotonic()
        condition = shop.wait_condition("BrokerReachable", "False", timeout=TOLD_SECONDS)
        print(f"{illness.name}: told after {time.monotonic() - began:.1f} s as {condition['reason']}")
        assert condition["reason"] in illness.reasons, condition
        shop.wait_condition("Ready", "False", timeout=TOLD_SECONDS)
        assert shop.status()["health"] == "Unhealthy"
    ended = time.monotonic()
    shop.wait_condition("BrokerReachable", "True", timeout=BACK_SECONDS)
    shop.wait_condition("Ready", "True", timeout=max(1.0, BACK_SECONDS - (time.monotonic() - ended)))
    print(f"{illness.name}: back after {time.monotonic() - ended:.1f} s")


@pytest.mark.parametrize(
    "names",
    [
        ("stop", "kill -9", "STOP", "packet drop"),
        ("wrong password", "maxmemory", "read-only replica", "failover"),
    ],
    ids=["gone-or-silent", "refusing"],
)
def test_an_ill_broker_is_told_and_restarts_nothing(shop: Shop, names: tuple[str, ...]) -> None:
    seen = start(shop)
    for name in names:
        suffer(shop, BY_NAME[name])
        assert seen.none_since(), (name, seen.before, seen.now())
    assert shop.results(shop.send("shop.tasks.place_order", 9)) == ["order 9 placed"]


def flap(shop: Shop, seconds: float) -> None:
    """The broker goes and comes every PERIOD_SECONDS; it is away for half of the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        period = time.monotonic()
        with away(shop):
            _await(shop, period + PERIOD_SECONDS / 2)
        _await(shop, period + PERIOD_SECONDS)


def _await(shop: Shop, moment: float) -> None:
    shop.kube.until("half a period", lambda: time.monotonic() >= moment, timeout=PERIOD_SECONDS, interval=0.2)


def test_a_broker_that_comes_and_goes_restarts_nothing(shop: Shop) -> None:
    seen = start(shop)
    flap(shop, FLAPPING_SECONDS)
    shop.wait_condition("Ready", "True", timeout=BACK_SECONDS)
    assert seen.none_since(), (seen.before, seen.now())
    assert shop.results(shop.send("shop.tasks.place_order", 9)) == ["order 9 placed"]
