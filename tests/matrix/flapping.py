"""A broker that comes and goes for minutes: nothing may be restarted, and all is well soon after."""

import uuid

from tests.e2e.broker_illnesses import Restarts
from tests.e2e.diagnostics import describe_namespace
from tests.e2e.kube import Kube
from tests.e2e.shop import Shop
from tests.e2e.test_broker_illnesses import BACK_SECONDS, GROUPS, flap, start


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
    print(f"{seconds:.0f} s of flapping: nothing was restarted, all were back within {BACK_SECONDS} s")
    return 0
