"""The loop of one CeleryDeployment: two reconciles, each repeated at its own pace until the resource is gone.

``reconcile_objects`` makes the owned objects match the spec. ``reconcile_health`` takes a snapshot, decides,
writes the status, heals and scales. They run side by side, so that a broker that does not answer delays no
repair. Both are level-triggered: they compare what is with what should be, whatever happened before. A
reconcile that fails is tried again with growing pauses.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from msgspec import structs
from pydantic import ValidationError

from celery_health import known_secrets
from celery_health.wire.resource_push import ResourcePush
from celery_operator.act.deletion_costs import set_costs
from celery_operator.act.events import Events
from celery_operator.act.evictions import evict
from celery_operator.act.group_requests import GroupRequests
from celery_operator.act.monitor_push import MonitorPushes
from celery_operator.act.owned_objects import OwnedObjects
from celery_operator.act.status import StatusWriter
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.backoff import Backoff, spread
from celery_operator.cache import Key
from celery_operator.decide import Decision, NextReconcile, decide
from celery_operator.decide.draining.actions import GroupActions
from celery_operator.decide.event_note import values_changed
from celery_operator.decide.orders import Order
from celery_operator.decide.without_decision import failing, unreadable
from celery_operator.dependencies import Dependencies
from celery_operator.desired_objects import DesiredObjects
from celery_operator.generated_values import PasswordMissingError, ResourceSecrets, SecretAccess
from celery_operator.kinds import POD, Json, Kind
from celery_operator.kube import KubeError
from celery_operator.observe.configuration import ConfigurationReader
from celery_operator.observe.observer import Observer
from celery_operator.observe.owned_pods import OwnedPods
from celery_operator.process.repeat import Repeat, ResourceGoneError, problem_of
from celery_operator.resources.object_faults import not_applied, not_built
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.shares import holders
from celery_operator.snapshot import ConfigurationFault, ReconcileMemory
from celery_operator.timing.pace import Pace, Rest

_log = logging.getLogger(__name__)


class ResourceLoop:
    """One CeleryDeployment of one uid. ``run`` ends when the resource is gone or being deleted."""

    def __init__(self, dependencies: Dependencies, key: Key, uid: str) -> None:
        self.key = key
        self.uid = uid
        settings, kube, cache = dependencies.settings, dependencies.kube, dependencies.cache
        metrics = dependencies.metrics
        identity = ResourceIdentity(key.namespace, key.name, uid)
        self._settings, self._kube, self._cache, self._metrics = settings, kube, cache, metrics
        self._orders = dependencies.orders
        access = SecretAccess(kube, key.namespace, settings.secret_access)
        self._secrets = ResourceSecrets(access, identity)
        self._pods = pods = OwnedPods(kube, cache, identity)
        self._memory = ReconcileMemory()
        self._rollouts = dependencies.probe_rollouts
        self._read_spec: tuple[int, CeleryDeploymentSpec] | None = None
        backoff = Backoff(first=0.5, limit=settings.backoff_limit_seconds)
        self._object_pace = Pace("objects", settings.repair_debounce_seconds, backoff)
        self._health_pace = Pace("health", settings.reconcile_debounce_seconds, backoff)
        self._configuration = ConfigurationReader(access.configuration, changed=self._object_pace.wake)
        self._desired = DesiredObjects(
            self._configuration, cache, identity, settings.for_objects(), rollouts=self._rollouts
        )
        self._objects = OwnedObjects(kube, cache, key, uid)
        self._observer = Observer(
            cache,
            pods,
            self._configuration,
            dependencies.sources,
            identity,
            probe_token=self._secrets.known_probe_token,
            redis_password=self._secrets.redis_password,
            server_time=kube.clock.now,
        )
        self._status = StatusWriter(kube, cache, key, uid, written=metrics.status_writes.inc)
        self._events = Events(kube, key, uid, instance=settings.lease.identity, lost=metrics.events_lost.inc)
        sink = dependencies.pushes
        self._pushes = MonitorPushes(sink, pods.now, key, counted=partial(metrics.pushed, key))
        self._requests = GroupRequests(sink, kube, pods.now, key, uid, post=self._events.post)

    def wake(self, kind: Kind, *, is_new: bool = False) -> None:
        """An object of this kind, which concerns the resource, changed or, where ``is_new``, appeared."""
        self._health_pace.wake()
        # A new pod cannot start without the Secrets, whose deletion no watch reports.
        if kind is not POD or is_new:
            self._object_pace.wake()

    def age(self) -> float:
        """Seconds since the slower of the two reconciles last ended."""
        return time.monotonic() - min(self._object_pace.ended_at, self._health_pace.ended_at)

    async def run(self, after_seconds: float = 0.0) -> None:
        """Repeat both reconciles until the resource is gone, the first ones after some seconds."""
        known_secrets.begin()
        holders.begin(str(self.key))
        repeat = Repeat(self.key, self._settings, self._metrics)
        try:
            await asyncio.sleep(after_seconds)
            async with asyncio.TaskGroup() as reconciles:
                reconciles.create_task(
                    repeat.run(self._object_pace, self.reconcile_objects, self._report_failing_objects)
                )
                reconciles.create_task(
                    repeat.run(self._health_pace, self.reconcile_health, self._report_failing_health)
                )
                reconciles.create_task(self._configuration.run())
                reconciles.create_task(self._pushes.run())
                reconciles.create_task(self._requests.run())
        except* ResourceGoneError:
            _log.info("%s is gone", self.key)
        finally:
            self._rollouts.forget(self.key)
            await self._observer.close()

    async def reconcile_objects(self) -> Rest:
        """Make the owned objects match the spec."""
        # 1. Read the spec. A spec that cannot be read changes nothing: the owned objects stay as they are.
        resource = self._resource()
        try:
            spec = self._spec(resource)
        except ValidationError:
            return self._rest_of_objects()

        # 2. Get the Secrets, which no watch brings.
        try:
            secrets, live_secrets = await self._secrets.read(spec)
        except PasswordMissingError as missing:
            self._report((missing.fault,))
            return Rest(self._settings.fault_poll_seconds)

        # 3. Apply what differs, delete what the spec no longer asks for.
        refused = self._objects.refused
        desired, replaced = await self._desired.of(resource, spec, self._memory, secrets, refused=refused)
        faults = (*await self._objects.apply(desired, live_secrets), *self._secrets.faults)
        if replaced is not None and replaced not in {name for _, name in self._objects.refused}:
            await self._events.post(values_changed(replaced))

        # 4. Have a new fault reported at once.
        self._report(faults)
        return Rest(self._settings.fault_poll_seconds) if faults else self._rest_of_objects()

    async def reconcile_health(self) -> Rest:
        """Take a snapshot, decide, write the status, heal and scale."""
        # 1. Read the spec.
        resource = self._resource()
        try:
            spec = self._spec(resource)
        except ValidationError as error:
            await self._write_unreadable(resource, error)
            return Rest(self._settings.reconcile_seconds)

        # 2. Observe.
        snapshot = await self._observer.observe(resource, spec, self._memory)

        # 3. Decide.
        decision = decide(snapshot, self._settings.alerts)
        self._memory = replace(
            self._memory,
            histories=decision.histories,
            open_faults=decision.open_faults,
            chosen=decision.chosen,
        )

        # 4. Report: metrics, status, Events, the push to the monitor.
        self._metrics.show(self.key, snapshot, decision.status)
        await self._events.post_all(decision.alert_events)
        await self._status.write(snapshot.previous, decision.status)
        await self._events.post_all(decision.events)
        self._push(decision.push, spec)

        # 5. Heal. The status already has what is done here, so that a crash cannot have it done twice.
        await self._heal(decision)

        # 6. Scale: out at once, in only once it is certain which pods the ReplicaSet deletes.
        await self._scale(decision.actions)
        if self._memory.problem:
            self._memory = replace(self._memory, problem="")
            self._health_pace.wake()
        return self._rest_after(decision.next_reconcile)

    async def _write_unreadable(self, resource: Json, error: ValidationError) -> None:
        previous = CeleryDeploymentStatus.read(resource.get("status"))
        generation = resource["metadata"]["generation"]
        status = unreadable(previous, generation, error, self._kube.clock.now())
        self._metrics.show_failing(self.key, status)
        await self._status.write(previous, status)

    def _push(self, push: ResourcePush | None, spec: CeleryDeploymentSpec) -> None:
        if push is not None:
            push = structs.replace(push, events=self._events.posted)
        prefix, token = spec.monitor.url_prefix or "", self._secrets.push_token
        self._pushes.offer(push, prefix, token)
        self._requests.follow(prefix, token if push is not None else "")

    async def _heal(self, decision: Decision) -> None:
        await self._order(decision.orders)
        counted = partial(self._metrics.restarted, self.key)
        refused = [await evict(self._kube, self.key, order, counted) for order in decision.evictions]
        await self._events.post_all([note for note in refused if note])

    async def _scale(self, actions: Mapping[str, GroupActions]) -> None:
        ranked = {group: one for group, one in actions.items() if one.costs}
        self._set_replicas({group: one.replicas for group, one in actions.items() if group not in ranked})
        await self._order([order for one in actions.values() for order in one.orders])
        for group, one in ranked.items():
            if await set_costs(self._kube, self._cache, self.key, one):
                self._set_replicas({group: one.replicas})

    def _set_replicas(self, replicas: Mapping[str, int]) -> None:
        """Have the Deployments of these groups set to these numbers."""
        before = self._memory.replicas
        if any(before.get(group) != number for group, number in replicas.items()):
            self._memory = replace(self._memory, replicas={**before, **replicas})
            self._object_pace.wake()

    def _rest_of_objects(self) -> Rest:
        """Not the same for all resources, so that the Secrets of all are not read at one time."""
        seconds = spread(self._settings.secret_poll_seconds)
        # No event reports that others have their new probe image.
        is_waiting = self._rollouts.is_waiting(self.key)
        return Rest(min(seconds, self._settings.reconcile_seconds) if is_waiting else seconds)

    def _rest_after(self, following: NextReconcile) -> Rest:
        settings = self._settings
        seconds = settings.reconcile_seconds
        if following.waits_for_messages:
            self._observer.watch_queues(self._health_pace.wake)
        elif following.follows_load:
            seconds = min(settings.scaling_reconcile_seconds, seconds)
        return Rest(seconds, soon=following.soon)

    async def _order(self, orders: Sequence[Order]) -> None:
        pods = {pod["metadata"]["uid"]: pod for pod in self._pods.now()}
        refused = await self._orders.send(orders, pods, self._secrets.probe_token)
        sent = {order.uid for order in orders}
        before = self._memory.refused_orders.items()
        kept = {uid: why for uid, why in before if uid in pods and uid not in sent}
        self._memory = replace(self._memory, refused_orders={**kept, **refused})

    async def _report_failing_objects(self, error: Exception) -> None:
        kept = (one for one in self._memory.faults if not one.waiting)
        of_api = isinstance(error, KubeError)
        self._report((*kept, (not_applied if of_api else not_built)(problem_of(error))))

    async def _report_failing_health(self, error: Exception) -> None:
        problem = problem_of(error)
        self._memory = replace(self._memory, problem=problem)
        resource = self._resource()
        previous = CeleryDeploymentStatus.read(resource.get("status"))
        status = failing(previous, resource["metadata"]["generation"], problem, self._kube.clock.now())
        self._metrics.show_failing(self.key, status)
        await self._status.write(previous, status)

    def _report(self, faults: tuple[ConfigurationFault, ...]) -> None:
        if faults != self._memory.faults:
            self._memory = replace(self._memory, faults=faults)
            self._health_pace.wake()

    def _spec(self, resource: Json) -> CeleryDeploymentSpec:
        """The typed spec, read once for each generation. Raises ValidationError."""
        generation = resource["metadata"]["generation"]
        if self._read_spec is None or self._read_spec[0] != generation:
            self._read_spec = generation, read_spec(resource)
        return self._read_spec[1]

    def _resource(self) -> Json:
        resource = self._cache.resource(self.key)
        if resource is None or is_leaving(resource) or resource["metadata"]["uid"] != self.uid:
            raise ResourceGoneError
        return resource


def read_spec(resource: Json) -> CeleryDeploymentSpec:
    """The typed spec. Raises ValidationError."""
    return CeleryDeploymentSpec.model_validate(resource.get("spec") or {})


def is_leaving(resource: Json) -> bool:
    """Whether the resource is being deleted: its owned objects are then deleted by their owner references."""
    return "deletionTimestamp" in resource["metadata"]
