"""What goes on for one CeleryDeployment: two steps, each repeated at its own pace until the resource goes.

``keep_children`` makes the children so; ``judge`` observes, decides and tells. They run side by side, so that
a broker that does not answer holds up no repair. Both are level-triggered: a step looks at what is, never at
what happened, and one that fails is tried again with growing pauses.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pydantic import ValidationError

from celery_operator.act.children import Children, WantedChild
from celery_operator.act.costs import rank
from celery_operator.act.events import Events
from celery_operator.act.evictions import evict
from celery_operator.act.orders import Orders
from celery_operator.act.ownership import not_kept
from celery_operator.act.status import write_status
from celery_operator.act.token import ProbeToken
from celery_operator.act.unreadable import unreadable
from celery_operator.api.spec import CeleryDeploymentSpec, WorkerGroup
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.cache import Cache, Key
from celery_operator.decide import Decision, decide
from celery_operator.decide.draining.group_actions import GroupStep
from celery_operator.decide.orders import Order
from celery_operator.decide.status_writing import worth_writing
from celery_operator.kube import CELERY_DEPLOYMENT, DEPLOYMENT, POD, SECRET, Json, Kind, Kube, KubeError
from celery_operator.metrics import Metrics
from celery_operator.observe.observer import Observer
from celery_operator.observe.sidecars import Sidecars
from celery_operator.pace import Pace
from celery_operator.resources.children import children
from celery_operator.resources.ownership import ResourceIdentity, deployment_name, probe_secret_name
from celery_operator.resources.settings import ChildSettings
from celery_operator.settings import Settings
from celery_operator.snapshot import ConfigurationFault, ScalingHistory

UNTOLD_FAILURES = 2
"""Failures in a row that may pass by themselves; the next is told in the status."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What all loops share."""

    settings: Settings
    kube: Kube
    cache: Cache
    sidecars: Sidecars
    orders: Orders
    metrics: Metrics


class ResourceGoneError(Exception):
    """The resource was deleted or replaced: its loop ends."""


class ResourceLoop:
    """One CeleryDeployment of one uid. ``run`` ends when the resource is gone or being deleted."""

    def __init__(self, tools: Tools, key: Key, uid: str) -> None:
        self.key = key
        self.uid = uid
        self._tools = tools
        self._identity = ResourceIdentity(key.namespace, key.name, uid)
        self._children = Children(tools.kube, tools.cache, key, uid)
        self._token = ProbeToken(uid)
        self._observer = Observer(tools.kube, tools.cache, tools.sidecars, self._identity)
        instance = tools.settings.lease.identity
        self._events = Events(tools.kube, key, uid, instance=instance, lost=tools.metrics.events_lost.inc)
        self._wanted: tuple[tuple[object, ...], list[WantedChild]] | None = None
        self._replicas: dict[str, int] = {}
        self._histories: Mapping[str, ScalingHistory] = {}
        self._faults: tuple[ConfigurationFault, ...] = ()
        self._written_at = float("-inf")
        settings = tools.settings
        longest = settings.backoff_limit_seconds
        self._keeper = Pace(
            "children", settings.secret_poll_seconds, settings.repair_debounce_seconds, longest
        )
        self._judge = Pace("judge", settings.tick_seconds, settings.judge_debounce_seconds, longest)

    def wake(self, kind: Kind) -> None:
        """An object of this kind changed, one that concerns the resource."""
        self._judge.wake()
        if kind is not POD:
            self._keeper.wake()

    def age(self) -> float:
        """Seconds since the slower of the two steps last came to an end."""
        return time.monotonic() - min(self._keeper.ended_at, self._judge.ended_at)

    async def run(self) -> None:
        """Repeat both steps until the resource is gone."""
        try:
            async with asyncio.TaskGroup() as steps:
                steps.create_task(self._repeat(self._keeper, self.keep_children))
                steps.create_task(self._repeat(self._judge, self.judge))
        except* ResourceGoneError:
            _log.info("%s is gone", self.key)
        finally:
            await self._observer.close()

    async def keep_children(self) -> None:
        """Make the children what the spec asks for."""
        # 1. Read the spec. One that cannot be read changes nothing: what runs is left alone.
        resource = self._resource()
        try:
            spec = read_spec(resource)
        except ValidationError:
            return

        # 2. Get the Secret that no watch brings.
        name = probe_secret_name(self._identity)
        secret = await self._tools.kube.get(SECRET, self.key.namespace, name)

        # 3. Apply what differs, delete what is no longer wanted.
        wanted = self._wanted_children(resource, spec, self._token.of(secret))
        try:
            faults = await self._children.keep(wanted, {name: secret})
        except KubeError as error:
            if error.status is not None and self._keeper.failures >= UNTOLD_FAILURES:
                self._note((*(one for one in self._faults if not one.waiting), not_kept(error.message)))
            raise

        # 4. Let a new fault be told at once.
        self._note(faults)

    async def judge(self) -> None:
        """Find out how the resource does, tell, heal and scale."""
        # 1. Read the spec.
        resource = self._resource()
        try:
            spec = read_spec(resource)
        except ValidationError as error:
            previous = CeleryDeploymentStatus.read(resource.get("status"))
            generation = resource["metadata"]["generation"]
            await self._write(previous, unreadable(previous, generation, error, datetime.now(UTC)))
            return

        # 2. Observe.
        snapshot = await self._observer.observe(
            resource, spec, self._faults, histories=self._histories, decided=dict(self._replicas)
        )

        # 3. Decide.
        decision = decide(snapshot)
        self._histories = decision.histories

        # Whether a broker is away, or a pod has drained, the next looks tell: soon, so that it is told soon.
        self._judge.hasten(while_true=decision.changes_soon)

        # 4. Tell: metrics, status, Events.
        self._tools.metrics.show(self.key, snapshot, decision.status)
        await self._write(snapshot.previous, decision.status)
        for note in decision.events:
            await self._events.post(note)

        # 5. Heal. What is done stands in the status already, so that a crash cannot have it done twice.
        await self._heal(decision)

        # 6. Scale: more at once, fewer once it is sure which pods go.
        await self._scale(decision.steps)
        self._judge.period = self._period(spec, decision)

    async def _heal(self, decision: Decision) -> None:
        await self._order(decision.holds)
        for order in decision.evictions:
            counted = partial(self._tools.metrics.restarted, self.key)
            if note := await evict(self._tools.kube, self.key, order, counted):
                await self._events.post(note)

    async def _scale(self, steps: Mapping[str, GroupStep]) -> None:
        ranked = {group: step for group, step in steps.items() if step.costs}
        self._set_replicas({group: step.replicas for group, step in steps.items() if group not in ranked})
        await self._order([order for step in steps.values() for order in step.orders])
        for group, step in ranked.items():
            if await rank(self._tools.kube, self._tools.cache, self.key, step.costs):
                self._set_replicas({group: step.replicas})

    def _set_replicas(self, numbers: Mapping[str, int]) -> None:
        """Have the Deployments of these groups made so."""
        changed = {group: number for group, number in numbers.items() if self._replicas.get(group) != number}
        if changed:
            self._replicas |= changed
            self._keeper.wake()

    def _period(self, spec: CeleryDeploymentSpec, decision: Decision) -> float:
        """Load changes without telling anybody: whoever follows it, or drains, looks often."""
        settings = self._tools.settings
        follows = not spec.suspend and any(group.autoscaling for group in spec.workers)
        drains = any(step.draining for step in decision.steps.values())
        return (
            min(settings.scaling_tick_seconds, settings.tick_seconds)
            if follows or drains
            else settings.tick_seconds
        )

    async def _order(self, orders: Sequence[Order]) -> None:
        pods = {pod["metadata"]["uid"]: pod for pod in self._tools.cache.children(POD, self.key)}
        await self._tools.orders.send(orders, pods, self._token.known)

    def _note(self, faults: tuple[ConfigurationFault, ...]) -> None:
        if faults != self._faults:
            self._faults = faults
            self._judge.wake()

    def _resource(self) -> Json:
        resource = self._tools.cache.resource(self.key)
        if resource is None or is_leaving(resource) or resource["metadata"]["uid"] != self.uid:
            raise ResourceGoneError
        return resource

    def _wanted_children(self, resource: Json, spec: CeleryDeploymentSpec, token: str) -> list[WantedChild]:
        metadata = resource["metadata"]
        annotations = metadata.get("annotations", {})
        replicas = {group.name: self._replicas_of(group, spec) for group in spec.workers}
        version = metadata["generation"], token, tuple(sorted(annotations.items())), tuple(replicas.items())
        if self._wanted is None or self._wanted[0] != version:
            settings = self._tools.settings
            ours = ChildSettings(settings.probe_image, settings.probe_image_pull_policy)
            bodies = children(self._identity, spec, ours, token, replicas=replicas, annotations=annotations)
            self._wanted = version, [WantedChild.of(body) for body in bodies]
        return self._wanted[1]

    def _replicas_of(self, group: WorkerGroup, spec: CeleryDeploymentSpec) -> int:
        """What the last decision says; before the first nothing that exists is changed."""
        decided = self._replicas.get(group.name)
        if decided is not None:
            return decided
        name = deployment_name(self._identity, group.name)
        live = self._tools.cache.get(DEPLOYMENT, Key(self.key.namespace, name))
        return spec.wanted_replicas(group) if live is None else int(live["spec"].get("replicas", 1))

    async def _write(self, previous: CeleryDeploymentStatus, status: CeleryDeploymentStatus) -> None:
        if not worth_writing(previous, status, time.monotonic() - self._written_at):
            return
        written = await write_status(self._tools.kube, self.key, self.uid, status)
        self._written_at = time.monotonic()
        self._tools.metrics.status_writes.inc()
        # The next step compares with what is written now, not with what the watch brought last.
        self._tools.cache.put(CELERY_DEPLOYMENT, written, watched=False)

    async def _repeat(self, pace: Pace, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            started = time.monotonic()
            error: Exception | None = None
            try:
                async with asyncio.timeout(self._tools.settings.tick_limit_seconds):
                    await step()
            except ResourceGoneError:
                raise
            except KubeError as problem:
                error = problem
                _log.warning("%s: %s failed: %s", self.key, pace.name, problem.message)
            except TimeoutError as problem:
                error = problem
                _log.warning("%s: %s took too long", self.key, pace.name)
            except Exception as problem:
                error = problem
                _log.exception("%s: %s failed", self.key, pace.name)
            seconds = time.monotonic() - started
            self._tools.metrics.step(self.key, pace.name, seconds, failed=error is not None)
            await pace.rest(failed=error is not None)


def read_spec(resource: Json) -> CeleryDeploymentSpec:
    """The typed spec. Raises ValidationError."""
    return CeleryDeploymentSpec.model_validate(resource.get("spec") or {})


def is_leaving(resource: Json) -> bool:
    """Whether the resource is being deleted: owner references then take the children along."""
    return "deletionTimestamp" in resource["metadata"]
