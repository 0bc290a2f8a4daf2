"""An API server that refuses what the operator writes."""

from collections.abc import Iterator
from contextlib import contextmanager

from tools.testbed.waiting import wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT, Kind
from tests.integration.api.apiserver import MERGE
from tests.integration.operator.world import World
from tests.support.refused_status import ADMISSION, binding, policy

POLICY = Kind(ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies")
BINDING = Kind(ADMISSION, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings")


@contextmanager
def refused_status(world: World) -> Iterator[None]:
    """Every status of ``shop`` that says anything about the broker is refused until the block ends."""
    path = CELERY_DEPLOYMENT.path(world.namespace, "shop", "status") + "?dryRun=All"
    named = {"status": {"broker": {"kind": "redis", "address": "x", "state": "Unknown"}}}
    try:
        for kind, body in ((POLICY, policy(world.namespace)), (BINDING, binding(world.namespace))):
            assert world.api.request("POST", kind.path(None), body).status == 201
        wait_for(
            lambda: world.api.request("PATCH", path, named, content_type=MERGE).status == 422,
            timeout=30,
            describe="the policy is in force",
        )
        yield
    finally:
        for kind in (BINDING, POLICY):
            assert world.api.request("DELETE", kind.path(None, world.namespace)).status in {200, 404}
