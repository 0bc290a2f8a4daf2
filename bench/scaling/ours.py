"""Our operator: its own LoadMeter, ``scale()`` and drain plan, fed with what its reconciles would read.

It reconciles every second. It reads the queue as it is, and reports half a second old, as workers write
one every second. Sidecars answer from the third second of a pod's life. Decisions take effect at once.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from msgspec import structs
from tests.unit.decide import build, pods

from bench.scaling.world import Phase, Pod, World
from celery_operator.api.autoscaling import Autoscaling, ScaleDown
from celery_operator.decide.draining.drain_state import DrainPod, DrainState
from celery_operator.decide.draining.plan import plan
from celery_operator.decide.scaling.autoscale import scale
from celery_operator.observe.load import LoadMeter
from celery_operator.snapshot import PodState, ScalingHistory

RECONCILE = 1.0
"""``scaling_reconcile_seconds`` of the operator's settings."""
REPORT_AGE = 0.5
DRAIN_TIMEOUT = 600.0
"""The default of drainTimeoutSeconds."""
SIDECAR_UP = 3.0

DEFAULT = Autoscaling(min_replicas=0, max_replicas=30)
EAGER = Autoscaling(
    min_replicas=0,
    max_replicas=30,
    target_drain_seconds=20,
    idle_seconds=10,
    scale_down=ScaleDown(stabilization_window_seconds=0),
)
"""As little patience as the fast KEDA has: its cooldown, and no stabilization."""

_POD = pods.pod()
_PENDING = replace(_POD, phase="Pending", ready=False, reading=None)
_READING = pods.reading()
_REPORT = pods.report(active=0, eta=0)


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker has written, in tasks. ``fetches``: it has begun to and was not asked to stop."""

    begun: int
    active: int
    reserved: int
    fetches: bool


class Ours:
    """One reconcile after the other, from the first second on."""

    def __init__(self, world: World, rules: Autoscaling) -> None:
        self._world = world
        self._rules = rules.model_copy(update={"max_replicas": world.workload.max_pods})
        self._spec = build.spec(workers=[{"name": "default", "concurrency": world.workload.slots_a_pod}])
        self._meter = LoadMeter()
        self._history = ScalingHistory()
        self._desired = 0
        self._written: dict[int, Report] = {}
        self._states: dict[int, tuple[Report, PodState]] = {}
        world.after(0.0, self._reconcile)

    def _write(self) -> None:
        self._written = {pod.number: _report(pod) for pod in self._world.pods}

    def _reconcile(self) -> None:
        world = self._world
        states = tuple(self._state(pod, self._written.get(pod.number)) for pod in world.pods)
        broker = build.broker(celery=len(world.ready))
        load = self._meter.update(self._spec, broker, states, world.now)["default"]
        call = scale(self._rules, self._desired, world.workload.slots_a_pod, load, self._history, world.now)
        self._history, self._desired = call.history, call.replicas
        self._step()
        world.after(RECONCILE - REPORT_AGE, self._write)
        world.after(RECONCILE, self._reconcile)

    def _state(self, pod: Pod, report: Report | None) -> PodState:
        """The pod as the operator sees it; one whose report says the same as before is the same."""
        if report is None or (pod.phase is Phase.STARTING and self._world.now - pod.created < SIDECAR_UP):
            return replace(_PENDING, uid=str(pod.number))
        known = self._states.get(pod.number)
        if known is None or known[0] != report or known[1].deleting != (pod.phase is Phase.STOPPING):
            known = report, _running(pod, report)
            self._states[pod.number] = known
        return known[1]

    def _step(self) -> None:
        world = self._world
        by_uid = {str(pod.number): pod for pod in world.counted}
        pods = [_drain_pod(world, pod, self._written.get(pod.number)) for pod in by_uid.values()]
        step = plan(self._desired, world.replicas, pods, drain_timeout=DRAIN_TIMEOUT, settled=True)
        for uid in step.drain:
            world.drain(by_uid[uid])
        for uid in step.undrain:
            world.undrain(by_uid[uid])
        for uid, cost in step.costs.items():
            by_uid[uid].cost = cost
        world.set_replicas(step.replicas)


def _report(pod: Pod) -> Report:
    fetches = pod.phase is Phase.CONSUMING and pod.draining_since is None
    return Report(pod.begun, len(pod.running), len(pod.reserved), fetches)


def _running(pod: Pod, report: Report) -> PodState:
    written = structs.replace(
        _REPORT, active_count=report.active, processed=report.begun, reserved=report.reserved
    )
    return replace(
        _POD,
        uid=str(pod.number),
        deleting=pod.phase is Phase.STOPPING,
        reading=replace(_READING, report=written),
    )


def _drain_pod(world: World, pod: Pod, report: Report | None) -> DrainPod:
    up = world.now - pod.created >= SIDECAR_UP
    active, reserved = (report.active, report.reserved) if report else (0, 0)
    fetches = pod.phase is Phase.CONSUMING and (report is None or report.fetches)
    return DrainPod(
        name=str(pod.number),
        uid=str(pod.number),
        created_at=pods.NOW + timedelta(seconds=pod.created),
        drain_state=DrainState.NOT_DRAINED if fetches or active or reserved else DrainState.DRAINED,
        pending=not up,
        ready=pod.phase is Phase.CONSUMING,
        deletion_cost=pod.cost,
        active=active,
        reserved=reserved,
        drain_requested=pod.draining_since is not None if up else None,
        drain_requested_for=None if pod.draining_since is None else world.now - pod.draining_since,
    )
