"""A broker that comes and goes for minutes: nothing may be restarted, and all is well soon after."""

import time
import uuid

from tools.testbed.broker_faults import Restarts, away
from tools.testbed.diagnostics import describe_namespace
from tools.testbed.kube import Kube
from tools.testbed.shop import Shop, celery_deployment, group
from tools.testbed.waiting import BUSY_SECONDS

BACK_SECONDS = 20 + BUSY_SECONDS
"""Within which the workers consume again once the broker is back."""

PERIOD_SECONDS = 20.0
GROUPS = ("default", "threads")


def flapping(kube: Kube, seconds: float) -> int:
    """Exit status 0 if no container was restarted, no pod replaced, and the workers came back in time."""
    shop = Shop(kube, f"flapping-{uuid.uuid4().hex[:6]}")
    kube.run("create", "namespace", shop.namespace)
    kube.run("label", "namespace", shop.namespace, "pod-security.kubernetes.io/enforce=restricted")
    try:
        shop.start()
        before = start(shop)
        flap(shop, seconds)
        shop.wait_condition("Ready", "True", timeout=BACK_SECONDS)
        now = Restarts.of(shop, GROUPS)
        assert now == before, (before, now)
    except AssertionError as error:
        print(describe_namespace(kube, shop.namespace))
        print(f"FAILED: {error}")
        return 1
    finally:
        kube.run("delete", "namespace", shop.namespace, "--wait=false")
    print(f"{seconds:.0f} s of flapping: nothing was restarted, all were back within {BACK_SECONDS:.0f} s")
    return 0


def start(shop: Shop) -> Restarts:
    """Two groups with the Redis of the namespace, and their restarts so far."""
    shop.apply(celery_deployment(workers=[group(), group("threads", pool="threads")]))
    shop.wait_ready()
    return Restarts.of(shop, GROUPS)


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
