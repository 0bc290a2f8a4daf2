"""The operator, its leader and the API server go and come back; what runs does not notice."""

from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.waiting import wait_for

from celery_operator.kinds import (
    CELERY_DEPLOYMENT,
    DEPLOYMENT,
    LEASE,
    SECRET,
    SERVICE_ACCOUNT_KIND,
    STATEFUL_SET,
    Kind,
)
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.world import World, group


def holder(world: World) -> str:
    lease = world.get(LEASE, "celery-operator")
    return str(lease["spec"].get("holderIdentity", "")) if lease else ""


def templates(world: World) -> dict[str, tuple[int, str]]:
    return {
        one["metadata"]["name"]: (one["metadata"]["generation"], str(one["spec"]["template"]))
        for one in world.all(DEPLOYMENT)
    }


def test_a_killed_operator_resumes_without_touching_a_pod_template(
    start_operator: StartOperator, world: World
) -> None:
    first = start_operator("--identity=operator-0").until_it_leads()
    world.create_shop()
    world.until_owned_objects("shop-default", "shop-mail")
    before = templates(world)

    first.kill()
    world.delete(SERVICE_ACCOUNT_KIND, "shop-celery")
    # The same identity takes its Lease back without waiting for its end.
    again = start_operator("--identity=operator-0").until_it_leads()
    assert "standing by" not in again.log.read_text()
    wait_for(lambda: world.there(SERVICE_ACCOUNT_KIND, "shop-celery"), describe="the repair")

    assert templates(world) == before


def test_a_spec_changed_while_no_operator_ran_is_carried_out_by_the_next(
    start_operator: StartOperator, world: World
) -> None:
    first = start_operator().until_it_leads()
    world.create_shop()
    world.until_owned_objects("shop-default", "shop-mail")
    assert first.stop() == 0

    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"workers": [group("default", replicas=3)]}})
    start_operator().until_it_leads()

    wait_for(lambda: world.get(DEPLOYMENT, "shop-mail") is None, describe="the end of shop-mail")
    wait_for(
        lambda: (world.get(DEPLOYMENT, "shop-default") or {})["spec"]["replicas"] == 3, describe="3 replicas"
    )


def test_an_operator_that_is_asked_to_end_frees_its_lease(operator: OperatorProcess, world: World) -> None:
    world.create_shop()
    world.until_owned_objects("shop-default")

    assert operator.stop() == 0
    assert holder(world) == ""


def test_of_two_operators_one_leads_and_the_other_takes_over(
    start_operator: StartOperator, world: World
) -> None:
    first = start_operator("--identity=first").until_it_leads()
    second = start_operator("--identity=second")
    wait_for(lambda: second.get("/readyz") == (200, "standing by\n"), describe=second.words)
    world.create_shop()
    world.until_owned_objects("shop-default")
    assert holder(world) == "first"

    first.kill()
    second.until_it_leads(timeout=60)
    world.delete(SERVICE_ACCOUNT_KIND, "shop-celery")

    wait_for(lambda: world.there(SERVICE_ACCOUNT_KIND, "shop-celery"), describe="the repair")
    assert holder(world) == "second"


def test_an_operator_whose_lease_is_taken_ends_and_says_so(operator: OperatorProcess, world: World) -> None:
    lease = world.get(LEASE, "celery-operator")
    assert lease
    world.change(LEASE, "celery-operator", {"spec": {"holderIdentity": "usurper"}})

    assert operator.wait(timeout=30) == 1
    assert "usurper has taken the Lease" in operator.log.read_text()


def test_deleting_while_no_operator_runs_removes_all_owned_objects(
    operator: OperatorProcess, world: World
) -> None:
    world.create_shop(broker={"managed": {}})
    world.until_owned_objects("shop-default", "shop-mail", "shop-redis")
    operator.kill()

    world.delete(CELERY_DEPLOYMENT, "shop")

    services = Kind("v1", "Service", "services")
    for kind in (DEPLOYMENT, STATEFUL_SET, services, SECRET):
        wait_for(lambda kind=kind: not world.all(kind), timeout=60, describe=f"no {kind.plural}")  # type: ignore[misc]
    wait_for(lambda: not world.there(SERVICE_ACCOUNT_KIND, "shop-celery"), describe="no ServiceAccount")


def test_a_resource_made_again_gets_owned_objects_of_its_own(operator: OperatorProcess, world: World) -> None:
    world.create_shop()
    world.until_owned_objects("shop-default")
    world.delete(CELERY_DEPLOYMENT, "shop")
    uid = world.create_shop()["metadata"]["uid"]

    def is_new() -> bool:
        found = world.there(DEPLOYMENT, "shop-default")
        return found is not None and found["metadata"]["ownerReferences"][0]["uid"] == uid

    wait_for(is_new, timeout=60, describe="a Deployment of the new resource")


def test_what_an_outage_of_the_api_server_kept_from_being_done_is_done_after_it(
    operator: OperatorProcess, world: World, plane: ControlPlane
) -> None:
    world.create_shop()
    world.until_owned_objects("shop-default", "shop-mail")

    with plane.api_outage():
        wait_for(lambda: "cannot be reached" in operator.log.read_text(), timeout=30, describe=operator.words)
    world.delete(DEPLOYMENT, "shop-default")
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"suspend": True}})

    def repaired() -> bool:
        # As the kubelet does: where the outage outlasts its Lease, the operator ends.
        if not operator.is_running():
            operator.start()
        found = world.there(DEPLOYMENT, "shop-default") or {}
        # Kubernetes' own controllers are back, too, or the next tests would wait for their pods.
        seen = found.get("status", {}).get("observedGeneration")
        return bool(found) and found["spec"]["replicas"] == 0 and found["metadata"]["generation"] == seen

    wait_for(repaired, timeout=120, describe="the repair after the outage")
    assert operator.get("/livez")[0] == 200
