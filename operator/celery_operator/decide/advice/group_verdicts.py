"""What is wrong with the workers of each group: one verdict for each reason, the worst first."""

from collections.abc import Iterator, Mapping

from celery_health.catalogue.entry import Reason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.verdict import Verdict, merged
from celery_operator.api.names import LABEL_GROUP, LABEL_INSTANCE, WORKER_CONTAINER
from celery_operator.decide.advice.memory_near_limit import memory_near_limit
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.container_failures import last_line, reason_of
from celery_operator.decide.evidence.groups import GroupEvidence
from celery_operator.decide.evidence.worker_state import Worker, WorkerState
from celery_operator.decide.shared_verdicts import GroupVerdicts, rollout_stopped, sidecar_facts

_ALWAYS: Mapping[WorkerState, Reason] = {
    WorkerState.WEDGED: WorkerReason.WEDGED,
    WorkerState.POOL_DEAD: WorkerReason.POOL_DEAD,
    WorkerState.DEAF: WorkerReason.DEAF,
}
_WHERE_WORKERS_ARE_MISSING: Mapping[WorkerState, Reason] = {
    **_ALWAYS,
    WorkerState.UNSCHEDULED: PodReason.UNSCHEDULABLE,
    WorkerState.CONNECTING: WorkerReason.CONNECTING,
    WorkerState.STOPPED: PodReason.STOPPED,
    WorkerState.SIDECAR_UNREACHABLE: PodReason.SIDECAR_UNREACHABLE,
    WorkerState.CONSUMPTION_UNKNOWN: PodReason.CONSUMPTION_UNKNOWN,
    WorkerState.STARTING: WorkerReason.STARTING,
}


def group_verdicts(evidence: Evidence) -> GroupVerdicts:
    """The verdicts on the workers of every group."""
    return {group.name: _of_group(group, evidence) for group in evidence.groups}


def _of_group(group: GroupEvidence, evidence: Evidence) -> tuple[Verdict, ...]:
    # Of a group that should have no workers, all are about to be deleted: nothing is wrong with their states.
    found: dict[Reason, list[Verdict]] = {}
    for worker in group.workers:
        counts = group.missing or worker.pod.uid in group.late
        reasons = _WHERE_WORKERS_ARE_MISSING if counts else _ALWAYS
        by_state = _by_state(worker, reasons, evidence) if group.desired else ()
        for verdict in (*by_state, *_by_checks(worker, group, evidence)):
            found.setdefault(verdict.reason, []).append(verdict)
    verdicts = [one for several in found.values() if (one := merged(several))]
    verdicts += _refused(group, evidence)
    return tuple(sorted(verdicts, key=lambda verdict: verdict.entry.rank))


def _by_state(worker: Worker, reasons: Mapping[WorkerState, Reason], evidence: Evidence) -> Iterator[Verdict]:
    """``reasons``: the states that count, each with its reason."""
    if worker.state is WorkerState.BROKEN and worker.pod.container_failure is not None:
        yield _broken(worker, evidence)
        return
    if reason := reasons.get(worker.state):
        only_this_pod = reason is WorkerReason.CONNECTING and _only_this_pod(worker, evidence)
        yield Verdict(
            reason,
            (worker.pod.name,),
            _facts(worker, only_this_pod=only_this_pod),
            variant="only_this_pod" if only_this_pod else "",
        )


def _by_checks(worker: Worker, group: GroupEvidence, evidence: Evidence) -> Iterator[Verdict]:
    near_limit = memory_near_limit(worker, evidence.snapshot)
    for verdict in (*worker.verdicts, near_limit):
        if verdict and (group.desired or verdict.entry.while_draining):
            yield verdict


def _broken(worker: Worker, evidence: Evidence) -> Verdict:
    """A container of the pod cannot run."""
    failure, spec = worker.pod.container_failure, evidence.snapshot.spec
    assert failure is not None
    reason = reason_of(failure)
    probe_image = reason is PodReason.IMAGE_UNAVAILABLE and failure.container != WORKER_CONTAINER
    return Verdict(
        reason,
        (worker.pod.name,),
        {
            "container": failure.container,
            "kubelet": failure.reason,
            "line": last_line(failure),
            "image": spec.image,
            "app": spec.app,
        },
        variant="probe_image" if probe_image else "",
    )


def _facts(worker: Worker, *, only_this_pod: bool) -> dict[str, str]:
    pod, reading = worker.pod, worker.pod.reading
    evidence = reading.verdict.message if reading else "there is no report."
    if only_this_pod and reading is not None:
        evidence = reading.broker.message
    return {
        "evidence": evidence,
        "line": f": {last_line(pod.container_failure)}" if pod.container_failure else "",
        **sidecar_facts(pod.sidecar_error),
    }


def _only_this_pod(worker: Worker, evidence: Evidence) -> bool:
    """The operator reaches the broker, and this pod does not."""
    reading = worker.pod.reading
    return evidence.broker.reachable is True and reading is not None and reading.broker.reachable is False


def _refused(group: GroupEvidence, evidence: Evidence) -> Iterator[Verdict]:
    deployment = group.deployment
    if deployment is not None and deployment.rollout_stopped:
        yield rollout_stopped(deployment, evidence.snapshot.name)
    elif deployment is not None and deployment.failure:
        selector = f"{LABEL_INSTANCE}={evidence.snapshot.name},{LABEL_GROUP}={group.name}"
        facts = {"failure": deployment.failure, "selector": selector}
        yield Verdict(PodReason.CREATION_REFUSED, (deployment.name,), facts)
