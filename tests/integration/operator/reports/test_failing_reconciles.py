"""A reconcile that fails again and again is reported: an old Healthy does not stand."""

from tools.testbed.waiting import wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import metric
from tests.integration.operator.reports.refusals import refused_status
from tests.integration.operator.world import World
from tests.support.refused_status import REFUSAL


def create_ready_shop(world: World) -> None:
    """A shop that says it is ready."""
    world.create_shop()
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "2 workers are consuming."}
    stamp = {"lastTransitionTime": "2026-01-02T00:00:00Z", "observedGeneration": 1}
    status = {"health": "Healthy", "conditions": [ready | stamp]}
    world.change(CELERY_DEPLOYMENT, "shop", {"status": status}, "status")


def test_a_failing_reconcile_makes_ready_unknown_with_the_cause_until_it_succeeds(
    world: World, start_operator: StartOperator
) -> None:
    create_ready_shop(world)
    labels = {"namespace": world.namespace, "resource": "shop"}
    with refused_status(world):
        operator = start_operator().until_it_leads()

        unknown = wait_for(
            lambda: (found := world.condition("Ready")).get("status") == "Unknown" and found,
            timeout=30,
            describe=operator.words,
        )

        assert unknown["reason"] == "ReconcileFailed"
        assert REFUSAL in unknown["message"]
        assert (world.get(CELERY_DEPLOYMENT, "shop") or {})["status"]["health"] == "Unknown"

        def is_counted() -> bool:
            """The status is written before the error that it reports is counted."""
            metrics = operator.get("/metrics")[1]
            errors = metric(
                metrics, "celery_operator_reconcile_errors_total", labels | {"reconcile": "health"}
            )
            shown = metric(metrics, "celery_deployment_health", labels | {"state": "Unknown"})
            return shown == 1 and (errors or 0) >= 3

        wait_for(is_counted, describe=lambda: operator.get("/metrics")[1])

    wait_for(
        lambda: world.condition("Ready").get("status") == "False",
        timeout=45,
        describe="a status from evidence: the broker does not run",
    )
