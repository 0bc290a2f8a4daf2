"""However the broker is ill: the status says so, nothing is restarted, and all is well soon after."""

import time

import pytest

from tests.e2e.broker_illnesses import BY_NAME, Illness, Restarts, away
from tests.e2e.shop import Shop, celery_deployment, group

TOLD_SECONDS = 10
BACK_SECONDS = 20
STARTED_AGAIN_SECONDS = 60
"""The kubelet waits before it starts a process again that keeps ending."""
FLAPPING_SECONDS = 60.0
PERIOD_SECONDS = 20.0
GROUPS = ("default", "threads")


def start(shop: Shop) -> Restarts:
    """Two groups with the Redis of the namespace, and their restarts so far."""
    shop.apply(celery_deployment(workers=[group(), group("threads", pool="threads")]))
    shop.wait_ready()
    return Restarts.of(shop, GROUPS)


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
    back = STARTED_AGAIN_SECONDS if illness.ends_celery else BACK_SECONDS
    shop.wait_condition("BrokerReachable", "True", timeout=BACK_SECONDS)
    shop.wait_condition("Ready", "True", timeout=max(1.0, back - (time.monotonic() - ended)))
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
    before = start(shop)
    for illness in (BY_NAME[name] for name in names):
        suffer(shop, illness)
        now = Restarts.of(shop, GROUPS)
        assert now.ordered() == before.ordered(), illness.name
        assert illness.ends_celery or now.containers == before.containers, illness.name
        before = now
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
    before = start(shop)
    flap(shop, FLAPPING_SECONDS)
    shop.wait_condition("Ready", "True", timeout=BACK_SECONDS)
    assert Restarts.of(shop, GROUPS) == before
    assert shop.results(shop.send("shop.tasks.place_order", 9)) == ["order 9 placed"]
