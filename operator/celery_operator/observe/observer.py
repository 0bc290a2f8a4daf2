"""Builds snapshots of one CeleryDeployment."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from celery_health.broker import BrokerReading, RedisNaming, without_queues
from celery_health.catalogue.brokers import BrokerReason
from celery_health.known_secrets import remember_url
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.annotations import read_annotations
from celery_operator.api.names import dead_letter_queue
from celery_operator.api.references import UrlSource
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.cache import Cache, Key
from celery_operator.kinds import DEPLOYMENT, STATEFUL_SET, Json
from celery_operator.observe import beat
from celery_operator.observe.beat import beat_snapshots, is_beat
from celery_operator.observe.brokers.kept_reader import learned_naming, not_read
from celery_operator.observe.brokers.shared_readers import BrokerUser
from celery_operator.observe.brokers.shared_reading import TimedReading
from celery_operator.observe.configuration import ConfigurationReader
from celery_operator.observe.consuming import ConsumingWorkers
from celery_operator.observe.deaths import SeenDeaths
from celery_operator.observe.deployments import deployment_state
from celery_operator.observe.hosts import seen_from_elsewhere
from celery_operator.observe.latest import Latest
from celery_operator.observe.load import LoadMeter
from celery_operator.observe.monitor import monitor_pods
from celery_operator.observe.owned_pods import OwnedPods
from celery_operator.observe.pods import group_of, pod_states
from celery_operator.observe.reports import Reports
from celery_operator.observe.sidecars import as_of_now, reading_of
from celery_operator.observe.silence import SilentPods
from celery_operator.observe.sources import Sources
from celery_operator.observe.urls import SecretUrls, UrlMissingError
from celery_operator.observe.waiting import UnheldMessages, WaitingQueues
from celery_operator.resources.ownership import ResourceIdentity, is_owned, redis_name
from celery_operator.resources.parts.redis_address import BROKER_DATABASE, RESULTS_DATABASE, redis_url
from celery_operator.snapshot import ConfigurationFault, ReconcileMemory, Snapshot
from celery_operator.usage.meter import UsageMeter

BROKER_EXAMPLE = "redis://HOST:6379/0"
BACKEND_EXAMPLE = "redis://HOST:6379/1"

# The Secret is then read again, so that a corrected one counts at once.
_REFUSED_URLS = {BrokerReason.AUTHENTICATION_FAILED, BrokerReason.URL_INVALID}

_NOT_KNOWN_YET = "The password of the managed Redis has not been read yet"

_Reading = TypeVar("_Reading", bound=TimedReading | None)
_Read = tuple[_Reading, tuple[ConfigurationFault, ...]]
"""A reading, and the configuration faults that kept the source from being read."""


class Observer:
    """Builds snapshots of one CeleryDeployment. Its readers are those of all that use the same brokers."""

    def __init__(
        self,
        cache: Cache,
        pods: OwnedPods,
        configuration: ConfigurationReader,
        sources: Sources,
        identity: ResourceIdentity,
        *,
        probe_token: Callable[[], Awaitable[str]],
        redis_password: Callable[[], Awaitable[str]],
        server_time: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``server_time``: what the clock of the API server shows."""
        self._server_time = server_time
        self._cache = cache
        self._probe_token, self._redis_password = probe_token, redis_password
        self._identity = identity
        self._key = Key(identity.namespace, identity.name)
        self._pods = pods
        self._urls = SecretUrls(identity.namespace, configuration)
        self._broker = sources.brokers.user()
        self._result_backend = sources.result_backends.user()
        self._naming = RedisNaming()
        self._read_status: tuple[Json | None, CeleryDeploymentStatus] | None = None
        self._clock = clock
        self._waiting = WaitingQueues()
        self._unheld = UnheldMessages()
        self._consuming = ConsumingWorkers()
        self._load = LoadMeter()
        self._usage = UsageMeter()
        self._silent = SilentPods()
        self._deaths = SeenDeaths()
        self._workers = Reports(sources.sidecars, reading_of, as_of_now, clock)
        self._beats = Reports(sources.sidecars, beat.reading_of, beat.as_of_now, clock)
        self._backend = Latest[_Read[TimedReading | None]](clock)

    async def observe(
        self,
        resource: Json,
        spec: CeleryDeploymentSpec,
        memory: ReconcileMemory,
    ) -> Snapshot:
        """Read sidecars, broker and result backend side by side. Of these only the broker is waited for."""
        pods = await self._pods.refresh()
        previous = self._previous(resource)
        token = await self._probe_token()
        workers, beats, (read, broker_faults), (backend, backend_faults) = await asyncio.gather(
            self._workers.refresh([pod for pod in pods if group_of(pod) is not None], token),
            self._beats.refresh([pod for pod in pods if is_beat(pod)], token),
            self._read_broker(spec, previous),
            self._backend.get(partial(self._read_result_backend, spec)),
        )
        broker = read.reading
        self._naming = learned_naming(tuple(workers.readings.values()), self._naming)
        now = self._clock()
        self._waiting.update(broker, now)
        readings = self._consuming.update(workers.readings, now)
        # Pods and Deployments as they are now, not as they were before the reading.
        pods = self._pods.now()
        deployments = [
            deployment_state(one)
            for kind in (STATEFUL_SET, DEPLOYMENT)
            for one in self._cache.owned(kind, self._key)
            if is_owned(one, self._identity.uid)
        ]
        states = pod_states(pods, readings, workers.errors)
        silent = self._silent.update(states, now)
        states = tuple(replace(state, silent_for=silent.get(state.uid, 0.0)) for state in states)
        wall = self._server_time()
        return Snapshot(
            now=wall,
            namespace=self._identity.namespace,
            name=self._identity.name,
            uid=self._identity.uid,
            generation=resource["metadata"]["generation"],
            spec=spec,
            previous=previous,
            deployments=tuple(deployments),
            pods=states,
            broker=broker,
            result_backend=backend.reading if backend else None,
            faults=(*broker_faults, *backend_faults),
            annotations=read_annotations(
                resource["metadata"].get("annotations", {}), [group.name for group in spec.workers]
            ),
            memory=memory,
            beats=beat_snapshots(pods, beats, wall),
            monitors=monitor_pods(pods),
            nonempty_for=self._waiting.nonempty_for(),
            not_shrinking_for=self._waiting.not_shrinking_for(),
            unheld_for=self._unheld.update(broker, states, now),
            mono=now,
            loads=self._load.update(
                spec, broker, states, now, read_at=read.at, unchanged_at=read.unchanged_at
            ),
            usages=self._usage.update(spec, previous, states, wall, now),
            deaths=self._deaths.update(states, now, wall),
        )

    def watch_queues(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` once, when a queue has another length than in the last snapshot."""
        self._broker.watch(wake)

    async def close(self) -> None:
        """Stop reading, and close the connections to broker and result backend."""
        self._workers.close()
        self._beats.close()
        self._backend.close()
        await self._broker.close()
        await self._result_backend.close()

    def _previous(self, resource: Json) -> CeleryDeploymentStatus:
        """The typed status, read once for each version of the resource."""
        status = resource.get("status")
        if self._read_status is None or self._read_status[0] is not status:
            self._read_status = status, CeleryDeploymentStatus.read(status)
        return self._read_status[1]

    async def _read_broker(
        self, spec: CeleryDeploymentSpec, previous: CeleryDeploymentStatus
    ) -> _Read[TimedReading]:
        url = spec.broker.url
        if spec.broker.managed is not None:
            url = await self._managed_url(BROKER_DATABASE)
            if url is None:
                return self._not_read(_NOT_KNOWN_YET), ()
        queues = {queue for group in spec.workers for queue in group.queues}
        if previous.quarantine or previous.dead_letters:
            # Not before: RabbitMQ logs an error for each question about a queue that does not exist.
            queues.add(dead_letter_queue(self._identity.name))
        read, faults = await self._read(
            self._broker,
            url,
            spec.broker.url_from,
            BROKER_EXAMPLE,
            queues=sorted(queues),
            management_url=spec.broker.management_url,
            master_name=spec.broker.master_name,
        )
        others = without_queues(read.reading.other_queues, spec.health.ignore_queues)
        return replace(read, reading=replace(read.reading, other_queues=others)), faults

    async def _read_result_backend(self, spec: CeleryDeploymentSpec) -> _Read[TimedReading | None]:
        backend = spec.result_backend
        if backend is None:
            return None, ()
        url = backend.url
        if backend.managed is not None:
            url = await self._managed_url(RESULTS_DATABASE)
            if url is None:
                return self._not_read(_NOT_KNOWN_YET), ()
        return await self._read(
            self._result_backend,
            url,
            backend.url_from,
            BACKEND_EXAMPLE,
            master_name=backend.master_name,
        )

    async def _managed_url(self, database: int) -> str | None:
        """A URL of the managed Redis; None while its password is not known."""
        password = await self._redis_password()
        host = f"{redis_name(self._identity)}.{self._key.namespace}.svc"
        return redis_url(host, password, database) if password else None

    async def _read(
        self,
        reader: BrokerUser,
        url: str | None,
        source: UrlSource | None,
        example: str,
        *,
        queues: Sequence[str] = (),
        management_url: str | None = None,
        master_name: str | None = None,
    ) -> _Read[TimedReading]:
        if url is None:
            if source is None:
                return self._not_read("The spec names no URL"), ()
            try:
                url = await self._urls.get(source.secret_key_ref, example)
            except UrlMissingError as missing:
                return self._not_read(missing.fault.message), (missing.fault,)
        remember_url(url)
        if management_url is not None:
            remember_url(management_url)
            management_url = seen_from_elsewhere(management_url, self._key.namespace)
        url = seen_from_elsewhere(url, self._key.namespace)
        read = await reader.read(url, self._naming, queues, management_url, master_name)
        if source is not None and read.reading.reason in _REFUSED_URLS:
            self._urls.refuse(source.secret_key_ref)
        return read, tuple(_unusable(read.reading, source))

    def _not_read(self, message: str) -> TimedReading:
        return TimedReading(not_read(message), self._clock())


def _unusable(reading: BrokerReading, source: UrlSource | None) -> Iterator[ConfigurationFault]:
    """An invalid URL is a fault of the spec, or of the Secret that the spec names."""
    if reading.reason is BrokerReason.URL_INVALID:
        verdict = Verdict(reading.reason, facts={"reading": reading.message})
        if source is not None:
            key = source.secret_key_ref
            facts = {"reading": reading.message, "key": key.key}
            verdict = Verdict(reading.reason, (key.name,), facts, variant="in_secret")
        yield ConfigurationFault.of(verdict)
