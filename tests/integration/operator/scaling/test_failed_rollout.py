"""Scale-in after a rollout that failed: the real Deployment controller takes only pods that have drained."""

from dataclasses import dataclass

from tools.testbed.waiting import wait_for

from celery_operator.decide.draining.proportions import Deletions, ReplicaSetSize, most_deletions
from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, POD, Kind
from tests.integration.api.apiserver import Object
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.scaling.test_scaling import fleet, living, replicas, want
from tests.integration.operator.sidecars import Workers
from tests.integration.operator.world import World

REPLICA_SET = Kind("apps/v1", "ReplicaSet", "replicasets")
READY = {
    "phase": "Running",
    "conditions": [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready")],
}
SCALINGS = [(9, 8), (9, 4), (4, 3), (4, 1), (2, 1)]
BROKEN_IMAGE = {"name": "main", "image": "broken:1"}


@dataclass(frozen=True)
class Rollout:
    """A Deployment with ready pods of one image, and pods of another image that never become ready."""

    world: World
    before: int
    after: int

    @property
    def name(self) -> str:
        return f"from-{self.before}-to-{self.after}"

    def create(self) -> None:
        labels = {"app": self.name}
        pod = {"containers": [{"name": "main", "image": "works:1"}]}
        self.world.create(
            DEPLOYMENT,
            self.name,
            spec={
                "replicas": self.before,
                "selector": {"matchLabels": labels},
                "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        )

    def change(self, **spec: object) -> None:
        self.world.change(DEPLOYMENT, self.name, {"spec": spec})

    @property
    def surge(self) -> int:
        """Pods of the broken image."""
        return -(-self.before // 4)

    def until(self, old: int, new: int) -> None:
        """Wait until the controller has reached these sizes, and changes no more.

        It may make new pods of the broken image in place of deleted ones.
        """

        def reached() -> bool:
            found = self.left()
            return found[0] == old and found[1] >= new and self.is_at_rest(sum(found))

        wait_for(reached, 60, f"{old} old and {new} new pods of {self.name}")

    def until_ready(self) -> None:
        wait_for(lambda: available(self.world, self.name) == self.before, 60, f"ready pods of {self.name}")

    def is_at_rest(self, pods: int) -> bool:
        found = self.world.get(DEPLOYMENT, self.name) or {}
        status = found.get("status", {})
        size = status.get("availableReplicas", 0) + status.get("unavailableReplicas", 0)
        observed = status.get("observedGeneration") == found["metadata"]["generation"]
        return bool(observed and status.get("replicas") == size == pods)

    def left(self) -> tuple[int, int]:
        """Pods of the old and of the new image, as their ReplicaSets are to have them."""
        sizes = {"works:1": 0, "broken:1": 0}
        for one in self.world.all(REPLICA_SET):
            if one["metadata"]["name"].startswith(f"{self.name}-"):
                sizes[one["spec"]["template"]["spec"]["containers"][0]["image"]] = one["spec"]["replicas"]
        return sizes["works:1"], sizes["broken:1"]


def test_the_controller_deletes_as_many_pods_of_each_template_as_was_computed(world: World) -> None:
    rollouts = [Rollout(world, *numbers) for numbers in SCALINGS]
    for one in rollouts:
        one.create()
    total = sum(one.before for one in rollouts)
    wait_for(lambda: len(world.all(POD)) == total, 60, "the pods")
    for pod in world.all(POD):
        world.change(POD, pod["metadata"]["name"], {"status": READY}, "status")
    for one in rollouts:
        one.until_ready()
        one.change(template={"spec": {"containers": [BROKEN_IMAGE]}})
    for one in rollouts:
        one.until(one.before, one.surge)
        one.change(replicas=one.after)
    for one in rollouts:
        old, new = ReplicaSetSize(one.before, one.before), ReplicaSetSize(one.surge, 0)
        one.until(*left_of(one.before, one.surge, most_deletions(old, new, one.before, one.after)))


def left_of(old: int, new: int, deleted: Deletions) -> tuple[int, int]:
    return old - deleted.old, new - deleted.new


def available(world: World, name: str) -> int:
    found: Object = world.get(DEPLOYMENT, name) or {}
    return int(found.get("status", {}).get("availableReplicas", 0))


def test_no_busy_worker_goes_although_the_controller_scales_both_templates(
    operator: OperatorProcess, world: World, workers: Workers
) -> None:
    assert operator.leads()
    running = fleet(world, workers, *[1] * 6)
    old = {worker.name for worker in running}
    # Kubernetes calls a rollout failed after ten minutes; this Deployment waits for one second.
    world.change(DEPLOYMENT, "shop-default", {"spec": {"progressDeadlineSeconds": 1}})
    world.change(CELERY_DEPLOYMENT, "shop", {"spec": {"image": "broken:1"}})
    wait_for(lambda: len(living(world)) == 8, 30, "two pods of the broken image")
    wait_for(lambda: has_failed(world), 30, "a failed rollout")

    want(world, 3)
    wait_for(lambda: sum(worker.drains for worker in running) == 3, 30, "three workers drain")
    victims = [worker for worker in running if worker.drains]
    for worker in victims:
        worker.active = 0
        busy = {one.name for one in running if one.active}
        until_gone(world, worker.name)
        assert busy <= living(world)
    wait_for(lambda: replicas(world) == 3, 30, "three replicas")
    wait_for(lambda: len(living(world) & old) == 3, 30, "three workers of the old image")
    assert {worker.name for worker in running if worker.active} == living(world) & old


def has_failed(world: World) -> bool:
    found: Object = world.get(DEPLOYMENT, "shop-default") or {}
    conditions = {one["type"]: one["status"] for one in found["status"].get("conditions", [])}
    return conditions.get("Progressing") == "False"


def until_gone(world: World, name: str) -> None:
    wait_for(lambda: name not in living(world), 30, f"{name} gone")
