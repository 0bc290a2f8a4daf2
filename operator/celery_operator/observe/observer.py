"""Builds snapshots of one CeleryDeployment."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from celery_health.broker import BrokerReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.annotations import read_annotations
from celery_operator.api.names import dead_letter_queue
from celery_operator.api.references import UrlSource
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.cache import Cache, Key
from celery_operator.kinds import DEPLOYMENT, POD, SECRET, Json
from celery_operator.kube import Kube
from celery_operator.observe import beat
from celery_operator.observe.beat import beat_snapshots, is_beat
from celery_operator.observe.brokers import KeptReader, learned_naming, not_read
from celery_operator.observe.consuming import ConsumingWorkers
from celery_operator.observe.deaths import SeenDeaths
from celery_operator.observe.deployments import deployment_state
from celery_operator.observe.hosts import seen_from_elsewhere
from celery_operator.observe.latest import Latest
from celery_operator.observe.load import LoadMeter
from celery_operator.observe.monitor import monitor_pods
from celery_operator.observe.pods import group_of, pod_states
from celery_operator.observe.reports import Reports
from celery_operator.observe.sidecars import Sidecars, as_of_now, reading_of
from celery_operator.observe.silence import SilentPods
from celery_operator.observe.urls import SecretUrls, UrlMissingError
from celery_operator.observe.waiting import WaitingQueues
from celery_operator.resources.managed_redis import REDIS_PORT
from celery_operator.resources.ownership import ResourceIdentity, redis_name
from celery_operator.snapshot import ConfigurationFault, ReconcileMemory, Snapshot

BROKER_EXAMPLE = "redis://HOST:6379/0"
BACKEND_EXAMPLE = "redis://HOST:6379/1"

# Read again at the next reconcile, so that a corrected Secret counts at once.
_REFUSED_URLS = {BrokerReason.AUTHENTICATION_FAILED, BrokerReason.URL_INVALID}


_Reading = TypeVar("_Reading", bound=BrokerReading | None)
_Read = tuple[_Reading, tuple[ConfigurationFault, ...]]
"""A reading, and the configuration faults that kept the source from being read."""


class Observer:
    """Builds snapshots of one CeleryDeployment and keeps its broker connections open between reconciles."""

    def __init__(
        self,
        kube: Kube,
        cache: Cache,
        sidecars: Sidecars,
        identity: ResourceIdentity,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._identity = identity
        self._key = Key(identity.namespace, identity.name)
        self._urls = SecretUrls(identity.namespace, lambda name: kube.get(SECRET, identity.namespace, name))
        self._broker = KeptReader()
        self._result_backend = KeptReader()
        self._naming = RedisNaming()
        self._clock = clock
        self._waiting = WaitingQueues()
        self._consuming = ConsumingWorkers()
        self._load = LoadMeter()
        self._silent = SilentPods()
        self._deaths = SeenDeaths()
        self._workers = Reports(sidecars, reading_of, as_of_now, clock)
        self._beats = Reports(sidecars, beat.reading_of, beat.as_of_now, clock)
        self._backend = Latest[_Read[BrokerReading | None]](clock)

    async def observe(
        self,
        resource: Json,
        spec: CeleryDeploymentSpec,
        memory: ReconcileMemory,
    ) -> Snapshot:
        """Read sidecars, broker and result backend side by side. Of these only the broker is waited for."""
        pods = self._cache.owned(POD, self._key)
        previous = CeleryDeploymentStatus.read(resource.get("status"))
        workers, beats, (broker, broker_faults), (backend, backend_faults) = await asyncio.gather(
            self._workers.refresh(pod for pod in pods if group_of(pod) is not None),
            self._beats.refresh(pod for pod in pods if is_beat(pod)),
            self._read_broker(spec, previous),
            self._backend.get(partial(self._read_result_backend, spec)),
        )
        self._naming = learned_naming(tuple(workers.readings.values()), self._naming)
        now = self._clock()
        self._waiting.update(broker, now)
        readings = self._consuming.update(workers.readings, now)
        # Pods and Deployments as they are now, not as they were before the reading.
        pods = self._cache.owned(POD, self._key)
        deployments = self._cache.owned(DEPLOYMENT, self._key)
        states = pod_states(pods, readings, workers.errors)
        silent = self._silent.update(states, now)
        states = tuple(replace(state, silent_for=silent.get(state.uid, 0.0)) for state in states)
        wall = datetime.now(UTC)
        return Snapshot(
            now=wall,
            namespace=self._identity.namespace,
            name=self._identity.name,
            uid=self._identity.uid,
            generation=resource["metadata"]["generation"],
            spec=spec,
            previous=previous,
            deployments=tuple(deployment_state(deployment) for deployment in deployments),
            pods=states,
            broker=broker,
            result_backend=backend,
            faults=(*broker_faults, *backend_faults),
            annotations=read_annotations(
                resource["metadata"].get("annotations", {}), [group.name for group in spec.workers]
            ),
            memory=memory,
            beats=beat_snapshots(pods, beats),
            monitors=monitor_pods(pods),
            nonempty_for=self._waiting.nonempty_for(),
            not_shrinking_for=self._waiting.not_shrinking_for(),
            mono=now,
            loads=self._load.update(spec, broker, states, now),
            deaths=self._deaths.update(states, now, wall),
        )

    async def close(self) -> None:
        """Stop reading, and close the connections to broker and result backend."""
        self._workers.close()
        self._beats.close()
        self._backend.close()
        await self._broker.close()
        await self._result_backend.close()

    async def _read_broker(
        self, spec: CeleryDeploymentSpec, previous: CeleryDeploymentStatus
    ) -> _Read[BrokerReading]:
        if spec.broker.managed is not None:
            url: str | None = f"redis://{redis_name(self._identity)}.{self._key.namespace}.svc:{REDIS_PORT}/0"
        else:
            url = spec.broker.url
        queues = {queue for group in spec.workers for queue in group.queues}
        if previous.quarantine or previous.dead_letters:
            # Not before: RabbitMQ logs an error for each question about a queue that does not exist.
            queues.add(dead_letter_queue(self._identity.name))
        return await self._read(
            self._broker,
            url,
            spec.broker.url_from,
            BROKER_EXAMPLE,
            queues=sorted(queues),
            management_url=spec.broker.management_url,
        )

    async def _read_result_backend(self, spec: CeleryDeploymentSpec) -> _Read[BrokerReading | None]:
        backend = spec.result_backend
        if backend is None:
            return None, ()
        return await self._read(self._result_backend, backend.url, backend.url_from, BACKEND_EXAMPLE)

    async def _read(
        self,
        reader: KeptReader,
        url: str | None,
        source: UrlSource | None,
        example: str,
        *,
        queues: Sequence[str] = (),
        management_url: str | None = None,
    ) -> _Read[BrokerReading]:
        if url is None:
            if source is None:
                return not_read("The spec names no URL"), ()
            try:
                url = await self._urls.get(source.secret_key_ref, example)
            except UrlMissingError as missing:
                return not_read(missing.fault.message), (missing.fault,)
        if management_url is not None:
            management_url = seen_from_elsewhere(management_url, self._key.namespace)
        url = seen_from_elsewhere(url, self._key.namespace)
        reading = await reader.read(url, self._naming, queues, management_url)
        if source is not None and reading.reason in _REFUSED_URLS:
            self._urls.forget(source.secret_key_ref)
        return reading, tuple(_unusable(reading, source))


def _unusable(reading: BrokerReading, source: UrlSource | None) -> Iterator[ConfigurationFault]:
    """An invalid URL is a fault of the spec, or of the Secret that the spec names."""
    if reading.reason is BrokerReason.URL_INVALID:
        verdict = Verdict(reading.reason, facts={"reading": reading.message})
        if source is not None:
            key = source.secret_key_ref
            facts = {"reading": reading.message, "key": key.key}
            verdict = Verdict(reading.reason, (key.name,), facts, variant="in_secret")
        yield ConfigurationFault.of(verdict)
