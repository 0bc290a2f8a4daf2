"""The verdict on a whole fleet from one snapshot of it, wherever it runs: pure, for ``celery health``."""

from collections.abc import Iterator, Sequence

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.entry import Severity
from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet import stalled_workers
from celery_health.verdicts.fleet.checks import DEATH_CHECKS, QUEUE_CHECKS, WORKER_CHECKS
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.fleet.health import FleetVerdict, health_of
from celery_health.verdicts.text import counted, is_or_are, listed
from celery_health.verdicts.verdict import Verdict, worst_first
from celery_health.wire.names import is_dead_letter_queue


def fleet_verdict(fleet: FleetEvidence) -> FleetVerdict:
    """The worst word that the evidence calls for; Healthy only where nothing is unknown."""
    checked = (check(fleet) for check in (*WORKER_CHECKS, *DEATH_CHECKS, *QUEUE_CHECKS))
    verdicts = worst_first(
        (
            *_broker(fleet),
            *_workers(fleet),
            *_queues(fleet),
            *_result_backend(fleet),
            *(verdict for verdict in checked if verdict),
        )
    )
    return FleetVerdict(health_of(verdicts), verdicts)


def not_consuming(names: Sequence[str]) -> Verdict:
    """Some of the workers do not consume."""
    facts = {"names": f"{listed(names)} {is_or_are(len(names))}"}
    return Verdict(FleetReason.WORKER_NOT_CONSUMING, tuple(names), facts)


def _broker(fleet: FleetEvidence) -> Iterator[Verdict]:
    if fleet.broker.reachable is not True:
        away = fleet.broker.reachable is False
        reason = FleetReason.BROKER_UNREACHABLE if away else FleetReason.BROKER_UNKNOWN
        yield Verdict(reason, facts={"reading": fleet.broker.message}, variant=_of_tls(fleet.broker))


def _of_tls(reading: BrokerReading) -> str:
    """The variant of what is unknown because of TLS."""
    return "tls" if reading.reachable is None and reading.reason is BrokerReason.TLS_FAILED else ""


def _workers(fleet: FleetEvidence) -> Iterator[Verdict]:
    """While the broker is unreachable no worker can answer: that says nothing of the workers."""
    if fleet.broker.reachable is False:
        return
    if not fleet.workers_known:
        yield Verdict(FleetReason.WORKERS_UNKNOWN)
    elif not fleet.workers:
        yield Verdict(FleetReason.NO_WORKERS)
    else:
        yield from _of_known_workers(fleet)


def _of_known_workers(fleet: FleetEvidence) -> Iterator[Verdict]:
    unknown = [worker.name for worker in fleet.workers if worker.consuming is None]
    if unknown:
        facts = {"names": f"{listed(unknown)} {is_or_are(len(unknown))}"}
        yield Verdict(FleetReason.WORKERS_UNKNOWN, tuple(unknown), facts, variant="not_shown")
    idle = [
        worker.name
        for worker in fleet.workers
        if worker.consuming is False or stalled_workers.is_stalled(worker, fleet)
    ]
    if idle and len(idle) == len(fleet.workers):
        yield Verdict(FleetReason.NO_WORKER_CONSUMES, tuple(idle), {"workers": counted(len(idle), "worker")})
    elif idle:
        yield not_consuming(idle)


def _queues(fleet: FleetEvidence) -> Iterator[Verdict]:
    threshold = fleet.thresholds.backlog
    queues = [queue for queue in fleet.broker.queues if not is_dead_letter_queue(queue.name)]
    long = [queue for queue in queues if queue.ready is not None and queue.ready > threshold]
    if long:
        yield Verdict(
            FleetReason.ABOVE_THRESHOLD,
            tuple(queue.name for queue in long),
            {
                "lengths": listed([f"{queue.name} ({queue.ready} ready)" for queue in long]),
                "verb": is_or_are(len(long)),
                "threshold": str(threshold),
            },
        )
    # No user may read an exclusive queue: that its length is not known is no fault.
    unknown = [queue.name for queue in queues if queue.ready is None and not queue.exclusive]
    if unknown and fleet.broker.reachable is not False:
        facts = {"queues": listed(unknown), "reading": fleet.broker.message}
        yield Verdict(FleetReason.QUEUE_UNKNOWN, tuple(unknown), facts)


def _result_backend(fleet: FleetEvidence) -> Iterator[Verdict]:
    """A kind of result backend that has no reader does not make the fleet Unknown."""
    backend = fleet.result_backend
    if backend is None or backend.reachable is True or backend.reason is BrokerReason.UNSUPPORTED_KIND:
        return
    facts = {"reading": backend.message}
    if backend.reachable is None:
        yield Verdict(FleetReason.RESULT_BACKEND_UNKNOWN, facts=facts, variant=_of_tls(backend))
    elif fleet.broker.reachable is True:
        yield Verdict(FleetReason.RESULT_BACKEND_UNREACHABLE, facts=facts)
    else:
        # Without the broker no task is known to run, so the broker decides.
        unknown = Severity.UNKNOWN if fleet.broker.reachable is None else None
        yield Verdict(
            FleetReason.RESULT_BACKEND_UNREACHABLE, (), facts, variant="beside_broker", severity_here=unknown
        )
