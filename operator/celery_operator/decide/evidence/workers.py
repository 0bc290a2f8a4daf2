"""The workers of a CeleryDeployment with their states, and what only the whole fleet's evidence shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.checks import DEATH_CHECKS, QUEUE_CHECKS, WORKER_CHECKS
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker_snapshot import WorkerSnapshot, worker_snapshot
from celery_operator.api.names import dead_letter_queue
from celery_operator.decide.evidence.worker_state import Worker, WorkerState, worker_state_of
from celery_operator.snapshot import PodState, Snapshot

# Others have a verdict of their own, and what their last report says may be of a process that has ended.
_CHECKED_STATES = frozenset(
    {WorkerState.CONSUMING, WorkerState.CONSUMPTION_UNKNOWN, WorkerState.DEAF, WorkerState.DRAINING}
)

NO_TIME = timedelta()


def workers_of(snapshot: Snapshot) -> tuple[Worker, ...]:
    """The workers of all groups, pods that are being deleted included."""
    fleet = _Fleet.of(snapshot)
    startup = startup_times(snapshot)
    return tuple(fleet.worker(pod, startup.get(pod.group, NO_TIME)) for pod in snapshot.pods)


@dataclass(frozen=True, slots=True)
class _Fleet:
    """What the verdicts on one worker need besides the worker."""

    snapshot: Snapshot
    evidence: FleetEvidence

    @classmethod
    def of(cls, snapshot: Snapshot) -> "_Fleet":
        evidence = FleetEvidence(
            snapshot.broker, waiting_for=snapshot.nonempty_for, thresholds=thresholds_of(snapshot)
        )
        return cls(snapshot, evidence)

    def worker(self, pod: PodState, startup: timedelta) -> Worker:
        """The pod, its state, and what is found about it."""
        state, seen = worker_state_of(pod, self.snapshot.now, startup), worker_snapshot_of(pod)
        if seen is None or state not in _CHECKED_STATES or self._broker_away(pod):
            return Worker(pod, state, seen)
        worker = Worker(pod, state, seen, tuple(self._verdicts(seen, state)))
        stalls = state is WorkerState.CONSUMING and worker.has(FleetReason.WORKER_STALLED)
        return replace(worker, state=WorkerState.STALLED) if stalls else worker

    def _broker_away(self, pod: PodState) -> bool:
        """For the operator or for the pod: then a worker may show anything, and for no fault of its own."""
        beside = pod.reading.broker.reachable if pod.reading else None
        return self.snapshot.broker.reachable is False or beside is False

    def _verdicts(self, seen: WorkerSnapshot, state: WorkerState) -> Iterator[Verdict]:
        """A worker that drains is meant to have tasks in flight and to fetch none."""
        alone = FleetEvidence(
            self.evidence.broker,
            (seen,),
            waiting_for=self.evidence.waiting_for,
            thresholds=self.evidence.thresholds,
        )
        for check in WORKER_CHECKS:
            verdict = check(alone)
            if verdict and (state is not WorkerState.DRAINING or verdict.entry.while_draining):
                yield verdict


def startup_times(snapshot: Snapshot) -> Mapping[str, timedelta]:
    """How long the startup probe lets the containers of each group start."""
    return {
        one.group: timedelta(seconds=one.startup_seconds)
        for one in snapshot.deployments
        if one.group is not None
    }


def thresholds_of(snapshot: Snapshot) -> FleetThresholds:
    """As the spec has them."""
    health = snapshot.spec.health
    return FleetThresholds(
        stalled_after=health.stalled_after_seconds,
        hung_after=health.hung_task_after_seconds,
        backlog=health.backlog_threshold,
    )


def worker_snapshot_of(pod: PodState) -> WorkerSnapshot | None:
    """The worker by its last report; None without one, and for a process that has ended.

    A worker that has just connected, or was drained until now, could take nothing before: it has idled only
    for as long as it has been seen to consume.
    """
    reading = pod.reading
    if reading is None or (report := reading.live_report) is None:
        return None
    seen = worker_snapshot(pod.name, report, reading.verdict.consuming, reading.age)
    if seen.idle_for is None or not seen.consuming:
        return seen
    consuming_for = reading.consuming_for
    if consuming_for is not None and consuming_for >= seen.idle_for:
        return seen
    return replace(seen, idle_for=consuming_for)


def queue_verdicts(snapshot: Snapshot, workers: tuple[Worker, ...]) -> tuple[Verdict, ...]:
    """What is wrong with the queues. ``workers``: all, pods that are being deleted included."""
    evidence = FleetEvidence(
        snapshot.broker,
        tuple(worker.snapshot for worker in workers if worker.snapshot is not None),
        workers_known=all(worker.snapshot is not None or _holds_nothing(worker.pod) for worker in workers),
        not_shrinking_for=snapshot.not_shrinking_for,
        unheld_for=snapshot.unheld_for,
        visibility_timeout=least_visibility_timeout(snapshot),
        assigned_queues={queue for group in snapshot.spec.workers for queue in group.queues},
        thresholds=thresholds_of(snapshot),
    )
    found = (check(evidence) for check in QUEUE_CHECKS)
    return tuple(verdict for verdict in found if verdict)


def death_verdicts(snapshot: Snapshot) -> tuple[Verdict, ...]:
    """The tasks that kill what runs them. They count as long as the deaths do, also in pods that are gone."""
    kept = snapshot.spec.health.poison_tasks == "Quarantine"
    deaths = replace(snapshot.deaths, dead_letter_queue=dead_letter_queue(snapshot.name) if kept else "")
    evidence = FleetEvidence(snapshot.broker, deaths=deaths, thresholds=thresholds_of(snapshot))
    found = (check(evidence) for check in DEATH_CHECKS)
    return tuple(
        replace(
            verdict, facts={**verdict.facts, "app": snapshot.spec.app, **_pod_for_command(verdict, snapshot)}
        )
        for verdict in found
        if verdict
    )


def _pod_for_command(verdict: Verdict, snapshot: Snapshot) -> dict[str, str]:
    """The worker of the last death may be down or gone: where it does not consume, one that does is asked."""
    consuming = [
        pod.name
        for pod in snapshot.pods
        if pod.reading and pod.reading.verdict.consuming and not pod.deleting
    ]
    pod = verdict.facts.get("pod")
    return {"pod": consuming[0]} if pod and consuming and pod not in consuming else {}


def least_visibility_timeout(snapshot: Snapshot) -> float | None:
    """The shortest of all workers counts: the first worker to check delivers the messages again."""
    reports = (pod.reading.report for pod in snapshot.pods if pod.reading and pod.reading.report)
    known = (report.transport.visibility_timeout for report in reports)
    return min((timeout for timeout in known if timeout is not None), default=None)


def _holds_nothing(pod: PodState) -> bool:
    """No worker process has run in it, or none runs any more."""
    if pod.phase != "Running":
        return True
    return pod.reading is not None and pod.reading.has_ended
