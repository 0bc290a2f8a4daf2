"""Whatever the fault of the broker: the status reports it, and no worker is restarted for it."""

import time

import pytest
from tools.fault_matrix.flapping import BACK_SECONDS, GROUPS, flap, start
from tools.testbed.broker_faults import BY_NAME, BrokerFault, Restarts
from tools.testbed.shop import Shop
from tools.testbed.waiting import BUSY_SECONDS

REPORTED_SECONDS = 10 + BUSY_SECONDS
STARTED_AGAIN_SECONDS = 60 + BUSY_SECONDS
"""The kubelet waits before it starts a process again that keeps ending."""
FLAPPING_SECONDS = 60.0


def outlast(shop: Shop, fault: BrokerFault) -> None:
    """One fault from its beginning until the workers consume again."""
    with fault.make(shop):
        began = time.monotonic()
        condition = shop.wait_condition("BrokerReachable", "False", timeout=REPORTED_SECONDS)
        print(f"{fault.name}: reported after {time.monotonic() - began:.1f} s as {condition['reason']}")
        assert condition["reason"] in fault.reasons, condition
        shop.wait_condition("Ready", "False", timeout=REPORTED_SECONDS)
        shop.wait_health("Unhealthy", timeout=REPORTED_SECONDS)
    ended = time.monotonic()
    back = STARTED_AGAIN_SECONDS if fault.ends_celery else BACK_SECONDS
    shop.wait_condition("BrokerReachable", "True", timeout=BACK_SECONDS)
    shop.wait_condition("Ready", "True", timeout=max(1.0, back - (time.monotonic() - ended)))
    print(f"{fault.name}: back after {time.monotonic() - ended:.1f} s")


@pytest.mark.parametrize(
    "names",
    [
        ("stop", "kill -9", "STOP", "packet drop"),
        ("wrong password", "maxmemory", "read-only replica", "failover"),
    ],
    ids=["gone-or-silent", "refusing"],
)
def test_a_broker_fault_is_reported_and_restarts_nothing(shop: Shop, names: tuple[str, ...]) -> None:
    before = start(shop)
    for fault in (BY_NAME[name] for name in names):
        outlast(shop, fault)
        now = Restarts.of(shop, GROUPS)
        assert now.ordered() == before.ordered(), fault.name
        assert fault.ends_celery or now.containers == before.containers, fault.name
        before = now
    assert shop.results(shop.send("shop.tasks.place_order", 9)) == ["order 9 placed"]


def test_a_broker_that_comes_and_goes_restarts_nothing(shop: Shop) -> None:
    before = start(shop)
    flap(shop, FLAPPING_SECONDS)
    shop.wait_condition("Ready", "True", timeout=BACK_SECONDS)
    assert Restarts.of(shop, GROUPS) == before
    assert shop.results(shop.send("shop.tasks.place_order", 9)) == ["order 9 placed"]
