"""However the broker is ill: the status says so, nothing is restarted, and all is well soon after."""

import time

import pytest
from tools.fault_matrix.flapping import BACK_SECONDS, GROUPS, flap, start
from tools.testbed.broker_faults import BY_NAME, Illness, Restarts
from tools.testbed.shop import Shop

TOLD_SECONDS = 10
STARTED_AGAIN_SECONDS = 60
"""The kubelet waits before it starts a process again that keeps ending."""
FLAPPING_SECONDS = 60.0


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


def test_a_broker_that_comes_and_goes_restarts_nothing(shop: Shop) -> None:
    before = start(shop)
    flap(shop, FLAPPING_SECONDS)
    shop.wait_condition("Ready", "True", timeout=BACK_SECONDS)
    assert Restarts.of(shop, GROUPS) == before
    assert shop.results(shop.send("shop.tasks.place_order", 9)) == ["order 9 placed"]
