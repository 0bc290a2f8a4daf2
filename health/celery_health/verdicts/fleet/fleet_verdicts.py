"""The verdict on a whole fleet from one look at it, wherever it runs: pure, for ``celery health``."""

import shlex
from collections.abc import Collection, Iterator

from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet import (
    hoarding,
    hung_tasks,
    orphaned_messages,
    stalled_workers,
    unconsumed_queues,
)
from celery_health.verdicts.fleet.findings import Finding
from celery_health.verdicts.fleet.verdict import (
    WORST_LAST,
    FleetHealth,
    FleetProblem,
    FleetSnapshot,
    FleetVerdict,
)
from celery_health.verdicts.text import counted, listed


def judge_fleet(fleet: FleetSnapshot) -> FleetVerdict:
    """The worst word that the evidence calls for; Healthy only where nothing is unknown."""
    problems = (*_broker(fleet), *_workers(fleet), *_queues(fleet), *_store(fleet), *_findings(fleet))
    worst_first = tuple(sorted(problems, key=lambda problem: -WORST_LAST.index(problem.health)))
    return FleetVerdict(worst_first[0].health if worst_first else FleetHealth.HEALTHY, worst_first)


def _broker(fleet: FleetSnapshot) -> Iterator[FleetProblem]:
    broker = fleet.broker
    if broker.reachable is True:
        return
    away = broker.reachable is False
    yield FleetProblem(
        FleetHealth.UNHEALTHY if away else FleetHealth.UNKNOWN,
        FleetReason.BROKER_UNREACHABLE if away else FleetReason.BROKER_UNKNOWN,
        broker.message,
        "Bring the broker back, or correct its URL; workers reconnect by themselves, do not restart them",
        _celery(fleet, "report"),
    )


def _workers(fleet: FleetSnapshot) -> Iterator[FleetProblem]:
    """While the broker is away nobody can answer: that says nothing of the workers."""
    if fleet.broker.reachable is False:
        return
    if not fleet.workers_known:
        yield FleetProblem(
            FleetHealth.UNKNOWN,
            FleetReason.WORKERS_UNKNOWN,
            "Nothing tells which workers run and take messages",
            "Ask them: let this program use the application's broker and remote control",
            _celery(fleet, "inspect ping"),
        )
        return
    if not fleet.workers:
        yield FleetProblem(
            FleetHealth.UNHEALTHY,
            FleetReason.NO_WORKERS,
            "The broker answers, but no worker does",
            "Start a worker, and see that it uses this broker",
            _celery(fleet, "worker --loglevel=INFO"),
        )
        return
    yield from _of_known_workers(fleet)


def _of_known_workers(fleet: FleetSnapshot) -> Iterator[FleetProblem]:
    idle = _names(fleet, consuming=False) + _stalled_names(fleet)
    untold = _names(fleet, consuming=None)
    if untold:
        yield FleetProblem(
            FleetHealth.UNKNOWN,
            FleetReason.WORKERS_UNKNOWN,
            f"Nothing tells whether {listed(untold)} take messages",
            "Run the worker with the agent, or send a test task through its queues",
            _celery(fleet, "inspect active_queues", untold),
        )
    if not idle:
        return
    alone = len(idle) == len(fleet.workers)
    message = (
        f"None of {counted(len(fleet.workers), 'worker')} takes messages"
        if alone
        else f"{listed(idle)} take no messages"
    )
    yield FleetProblem(
        FleetHealth.UNHEALTHY if alone else FleetHealth.DEGRADED,
        FleetReason.NO_WORKER_CONSUMES if alone else FleetReason.WORKER_NOT_CONSUMING,
        message,
        "Restart a worker that should take messages; a drained one is meant to take none",
        _celery(fleet, "inspect active_queues", idle),
    )


def _queues(fleet: FleetSnapshot) -> Iterator[FleetProblem]:
    threshold = fleet.thresholds.backlog
    long = [queue for queue in fleet.broker.queues if queue.ready is not None and queue.ready > threshold]
    if long:
        lengths = listed([f"{queue.name} ({queue.ready} ready)" for queue in long])
        yield FleetProblem(
            FleetHealth.DEGRADED,
            FleetReason.ABOVE_THRESHOLD,
            f"Above the threshold of {threshold} messages a queue: {lengths}",
            "Start more workers for it, or find out which tasks are slow",
            _celery(fleet, f"worker -Q {shlex.quote(','.join(queue.name for queue in long))}"),
        )
    untold = [queue.name for queue in fleet.broker.queues if queue.ready is None]
    if untold and fleet.broker.reachable is not False:
        yield FleetProblem(
            FleetHealth.UNKNOWN,
            FleetReason.QUEUE_UNKNOWN,
            f"The length of {listed(untold)} is not known: {fleet.broker.message}",
            "Let the broker's user read the queues",
            _celery(fleet, "report"),
        )


def _store(fleet: FleetSnapshot) -> Iterator[FleetProblem]:
    """A kind of store that nobody can ask is not waited for."""
    store = fleet.store
    if store is None or store.reachable is True or store.reason is BrokerReason.UNSUPPORTED_KIND:
        return
    away = store.reachable is False
    yield FleetProblem(
        FleetHealth.DEGRADED if away else FleetHealth.UNKNOWN,
        FleetReason.RESULT_STORE_UNREACHABLE if away else FleetReason.RESULT_STORE_UNKNOWN,
        store.message,
        "Bring the result store back, or correct its URL: tasks run, but their results are lost",
        _celery(fleet, "report"),
    )


def _findings(fleet: FleetSnapshot) -> Iterator[FleetProblem]:
    """What only the fleet as a whole tells."""
    workers, limits = fleet.workers, fleet.thresholds
    read = {queue for worker in workers for queue in worker.queues}
    found = (
        stalled_workers.find(workers, fleet.known_waiting, limits),
        hung_tasks.find(workers, limits),
        hoarding.find(workers, limits),
        unconsumed_queues.find(fleet.broker, read if fleet.workers_known else None, thresholds=limits),
        orphaned_messages.find(
            fleet.broker, workers if fleet.workers_known else None, fleet.visibility_timeout, limits
        ),
    )
    for finding in found:
        if finding is not None:
            yield FleetProblem(
                FleetHealth.DEGRADED,
                finding.reason,
                finding.message,
                finding.remedy,
                _command_for(finding, fleet),
            )


def _command_for(finding: Finding, fleet: FleetSnapshot) -> str:
    match finding.reason:
        case FleetReason.WORKER_STALLED:
            return _celery(fleet, "control shutdown", finding.subjects)
        case FleetReason.HUNG_TASK:
            return _celery(fleet, "inspect active", finding.subjects)
        case FleetReason.HOARDING:
            return _celery(fleet, "inspect scheduled", finding.subjects)
        case FleetReason.QUEUE_NOT_CONSUMED:
            return _celery(fleet, f"worker -Q {shlex.quote(','.join(finding.subjects))}")
        case _:
            return _celery(fleet, "inspect conf | grep -A9 broker_transport_options")


def _names(fleet: FleetSnapshot, *, consuming: bool | None) -> list[str]:
    return [worker.name for worker in fleet.workers if worker.consuming is consuming]


def _stalled_names(fleet: FleetSnapshot) -> list[str]:
    return [
        worker.name
        for worker in fleet.workers
        if stalled_workers.is_stalled(worker, fleet.known_waiting, fleet.thresholds)
    ]


def _celery(fleet: FleetSnapshot, command: str, destinations: Collection[str] = ()) -> str:
    """A celery command line; ``-d`` names the workers that it is for."""
    target = f" -d {shlex.quote(','.join(destinations))}" if destinations else ""
    return f"celery -A {shlex.quote(fleet.app)} {command}{target}"
