"""A new probe image reaches a few CeleryDeployments at a time, whatever their number."""

from collections.abc import Collection

from tools.testbed.waiting import BUSY_SECONDS, wait_for

from celery_operator.act.probe_rollouts import KEEP, probe_image_of
from celery_operator.api import names
from celery_operator.kinds import DEPLOYMENT, POD
from tests.integration.api.apiserver import MERGE, Object
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import OperatorProcess, metric
from tests.integration.operator.world import World, group, is_rolled_out

OLD, NEW = "probe:1", "probe:2"
AT_A_TIME = 2
FOLLOWING = frozenset({"a", "b", "c", "d", "e"})
KEPT = "kept"
SECONDS = 30 + BUSY_SECONDS


def with_image(world: World, image: str) -> dict[str, Object]:
    """The Deployments whose pods get this probe image, by resource, as they are at one moment."""
    found = (one for one in world.all(DEPLOYMENT) if probe_image_of(one) == image)
    return {one["metadata"]["labels"][names.LABEL_INSTANCE]: one for one in found}


def rolled_out(world: World, image: str) -> set[str]:
    return {name for name, one in with_image(world, image).items() if is_rolled_out(one)}


def rolling(world: World) -> set[str]:
    """The resources whose pods are being replaced by such with the new image."""
    found = with_image(world, NEW)
    running = {name for name, one in found.items() if not is_rolled_out(one)}
    assert len(running) <= AT_A_TIME, running
    return running


def make_ready(world: World, shops: Collection[str]) -> None:
    """As a kubelet does with pods that start well."""
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    for pod in world.all(POD):
        if pod["metadata"]["labels"][names.LABEL_INSTANCE] in shops:
            # The pod may be gone by now.
            path = POD.path(world.namespace, pod["metadata"]["name"], "status")
            world.api.request("PATCH", path, {"status": ready}, content_type=MERGE)


def numbers(operator: OperatorProcess) -> tuple[float | None, ...]:
    """How many rollouts run, and how many wait, by the operator's metric."""
    text = operator.get("/metrics")[1]
    return tuple(
        metric(text, "celery_operator_probe_rollouts", {"state": state}) for state in ("running", "waiting")
    )


def let_some_follow(world: World, operator: OperatorProcess, left: int) -> set[str]:
    """Wait until the limit is reached, and let these rollouts succeed. ``left``: the number without it."""
    expected = min(AT_A_TIME, left)
    begun = wait_for(lambda: len(found := rolling(world)) == expected and found, SECONDS, operator.words)
    assert begun
    wait_for(lambda: numbers(operator) == (expected, left - expected), SECONDS, operator.words)
    assert rolling(world) == begun

    def have_it() -> bool:
        make_ready(world, begun)
        rolling(world)
        return begun <= rolled_out(world, NEW)

    wait_for(have_it, SECONDS, operator.words)
    return begun


def test_a_new_image_reaches_only_a_few_resources_at_a_time(
    start_operator: StartOperator, world: World
) -> None:
    limit = f"--probe-rollouts={AT_A_TIME}"
    before = start_operator(f"--probe-image={OLD}", limit).until_it_leads()
    for name in FOLLOWING | {KEPT}:
        annotations = {names.ANNOTATION_PROBE_IMAGE: KEEP} if name == KEPT else {}
        world.create_shop(name, annotations, workers=[group("default")])

    def all_run() -> bool:
        make_ready(world, FOLLOWING | {KEPT})
        return rolled_out(world, OLD) == FOLLOWING | {KEPT}

    wait_for(all_run, 60 + BUSY_SECONDS, "all resources with the first image")
    before.stop()

    operator = start_operator(f"--probe-image={NEW}", limit).until_it_leads()
    done: set[str] = set()
    while done != FOLLOWING:
        done |= let_some_follow(world, operator, len(FOLLOWING - done))

    wait_for(lambda: numbers(operator) == (0, 0), SECONDS, operator.words)
    assert rolled_out(world, OLD) == {KEPT}
