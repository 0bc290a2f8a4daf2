"""What one check is to find out, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from celery_health.broker import BrokerReading
from celery_health.readers.redis.server import RedisServer
from celery_health.survey.evidence.broker_clients import UnresponsiveWorkers
from celery_health.survey.remote_control import EtaTask
from celery_health.survey.round_trip import RoundTrip
from celery_health.verdicts.deaths import NO_DEATHS, FleetDeaths
from celery_health.verdicts.worker_snapshot import WorkerSnapshot

TOO_SLOW = "remote control does not end in time"


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to check in addition to the broker, its workers and the result backend. ``timeout`` in seconds."""

    timeout: float = 5.0
    queues: tuple[str, ...] = ()
    ignored_queues: tuple[str, ...] = ()
    """Patterns of queues that are left out, such as those that are unread by design."""
    management_url: str | None = None
    test_tasks: bool = False
    task: str | None = None
    check_redis: bool = False
    shared_broker: bool = True
    """Whether other applications may use the broker, so that it has to be found out whose the workers are."""
    imports_tasks: bool = True
    """Whether the modules with the application's tasks may be imported, as a worker imports them."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one check found. ``at`` is Unix time, ``took`` is in seconds.

    ``workers``: those that answered, ``workers_at``: when. ``workers_known``: they are all workers that run.
    ``unresponsive``: workers that the broker shows and that did not answer. ``deaf_count``: how many of
    those that answered wait for no message, where the broker does not show which. ``remote_control_error``:
    why no worker could be asked. ``started``: how many tasks each worker has started. ``deaths``: at those
    workers that record deaths. ``eta_tasks``: those of each worker that has any. ``dead_letters``: messages
    in the application's dead-letter queue, None if its workers have no ``presets.quarantine()``.
    ``dead_letters_problem``: why no message can be moved to that queue, empty if none is known.
    ``not_shrinking``: queues without a known consumer that did not get shorter between two readings.
    ``asked_queues``: those of ``--queue``, without private ones.
    ``listening_otherwise``: workers that listen under other settings, where no application names its own.
    ``refused_setting``: where no worker runs, the setting that ends each at its start, and why; else empty.
    ``served``: whether one of ``workers`` is the application's, None if unknown.
    """

    at: float
    broker: BrokerReading
    workers: tuple[WorkerSnapshot, ...] = ()
    workers_at: float = 0.0
    workers_known: bool = False
    unresponsive: UnresponsiveWorkers = UnresponsiveWorkers()  # noqa: RUF009 (frozen)
    deaf_count: int = 0
    remote_control_error: str | None = None
    started: Mapping[str, int] = field(default_factory=dict)
    deaths: FleetDeaths = NO_DEATHS
    eta_tasks: Mapping[str, tuple[EtaTask, ...]] = field(default_factory=dict)
    result_backend: BrokerReading | None = None
    redis: RedisServer | None = None
    test_tasks: tuple[RoundTrip, ...] = ()
    dead_letters: int | None = None
    dead_letters_problem: str = ""
    not_shrinking: frozenset[str] = frozenset()
    asked_queues: tuple[str, ...] = ()
    listening_otherwise: int = 0
    refused_setting: str = ""
    served: bool | None = True
    took: float = 0.0
