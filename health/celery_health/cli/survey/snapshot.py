"""What one look asks for, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from celery_health.broker import BrokerReading
from celery_health.cli.survey.broker_clients import Silent
from celery_health.cli.survey.round_trip import RoundTrip
from celery_health.readers.redis.server import RedisServer
from celery_health.verdicts.worker_snapshot import WorkerSight


@dataclass(frozen=True, slots=True)
class Questions:
    """What to look at besides the broker, its workers and the result store."""

    timeout: float = 5.0
    queues: tuple[str, ...] = ()
    management_url: str | None = None
    test_tasks: bool = False
    task: str | None = None
    check_redis: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found. ``workers_known``: they were asked, and all that live could answer.

    ``silent``: workers that the broker shows, and that did not answer. ``deaf``: how many of those that
    answered wait for no message, where nothing tells which. ``control_failure``: why nobody could be asked.
    ``begun``: how many tasks each worker has begun. ``at`` is Unix time.
    """

    at: float
    broker: BrokerReading
    workers: tuple[WorkerSight, ...] = ()
    workers_known: bool = False
    silent: Silent = Silent()  # noqa: RUF009 (frozen)
    deaf: int = 0
    control_failure: str | None = None
    begun: Mapping[str, int] = field(default_factory=dict)
    store: BrokerReading | None = None
    redis: RedisServer | None = None
    trips: tuple[RoundTrip, ...] = ()
    took: float = 0.0
