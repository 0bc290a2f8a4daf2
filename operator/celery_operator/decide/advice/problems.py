"""What is wrong with the workers of a group: a sentence, what to do, and a command each, the worst first."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from celery_health.catalogue.entry import Reason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.fleet.findings import Finding
from celery_health.wire.names import PORT, REPORT_PATH
from celery_operator.api.names import (
    LABEL_GROUP,
    LABEL_INSTANCE,
    SIDECAR_CONTAINER,
    WORKER_CONTAINER,
)
from celery_operator.decide.advice.manual_steps import by_hand
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.container_failures import last_line, reason_of
from celery_operator.decide.evidence.groups import GroupView
from celery_operator.decide.evidence.worker_state import Standing, Worker
from celery_operator.decide.problem import WORST_FIRST, Problem, Problems
from celery_operator.decide.text import listed

_RESTARTED = frozenset(
    {WorkerReason.WEDGED, WorkerReason.POOL_DEAD, WorkerReason.DEAF, FleetReason.WORKER_STALLED}
)
"""What a worker is restarted for by itself, unless the spec forbids it."""

_Teller = Callable[[Worker, Evidence], Problem]


def problems_of(evidence: Evidence) -> Problems:
    """The problems of every group."""
    return {group.name: _of_group(group, evidence) for group in evidence.groups}


def _of_group(group: GroupView, evidence: Evidence) -> tuple[Problem, ...]:
    """The group's problems, one for each reason, with the pods that share it named together."""
    # Of a group that is to have none, all are on their way out.
    tellers = _TELLERS if group.missing else _ALWAYS if group.wanted else {}
    told: dict[Reason, list[tuple[Worker, Problem]]] = {}
    for worker in group.workers:
        for problem in _problems_of(worker, tellers, group, evidence):
            told.setdefault(problem.reason, []).append((worker, problem))
    problems = [_joined(found) for found in told.values()]
    if refused := _refused(group, evidence):
        problems.append(refused)
    return tuple(sorted(problems, key=lambda problem: WORST_FIRST.index(problem.reason)))


def _problems_of(
    worker: Worker, tellers: Mapping[Standing, _Teller], group: GroupView, evidence: Evidence
) -> Iterator[Problem]:
    if teller := tellers.get(worker.standing):
        yield _by_hand(teller(worker, evidence), worker, evidence)
    for finding in worker.findings:
        if not group.wanted and finding.reason is not FleetReason.HUNG_TASK:
            # It is on its way out, where only a task that does not end matters.
            continue
        yield _by_hand(_found(worker, finding, evidence), worker, evidence)


def _by_hand(problem: Problem, worker: Worker, evidence: Evidence) -> Problem:
    """Where nothing is restarted, what else the kubelet or the operator would do is left to people."""
    instead = by_hand(evidence.snapshot, worker.pod.name)
    if instead is None or problem.reason not in _RESTARTED:
        return problem
    remedy = f"{instead.remedy}: {instead.why}, so nothing else restarts the worker"
    return replace(problem, remedy=remedy, command=instead.command)


def _joined(found: list[tuple[Worker, Problem]]) -> Problem:
    """One problem for several pods: the words of the first, the names of all."""
    first = found[0][1]
    if len(found) == 1:
        return first
    others = listed([worker.pod.name for worker, _ in found[1:]])
    return replace(first, message=f"{first.message.rstrip('.')} (likewise {others})")


def _broken(worker: Worker, evidence: Evidence) -> Problem:
    pod, trouble = worker.pod, worker.pod.trouble
    if trouble is None:
        return _stopped(worker, evidence)
    reason, line = reason_of(trouble), last_line(trouble)
    describe = evidence.kubectl(f"describe pod {pod.name}")
    logs = evidence.kubectl(f"logs {pod.name} -c {trouble.container} --previous")
    match reason:
        case PodReason.IMAGE_UNAVAILABLE:
            cause = f"cannot pull the image of its container {trouble.container} ({trouble.reason}): {line}"
            remedy = (
                "Correct spec.image, or name the registry's credentials in spec.imagePullSecrets: "
                f"{evidence.snapshot.spec.image} cannot be pulled"
            )
            if trouble.container != WORKER_CONTAINER:
                remedy = "Make the operator's own probe image available to the cluster's nodes"
            command = describe
        case PodReason.CONFIGURATION_MISSING:
            cause = f"waits for its configuration: {line}"
            remedy = f"Create what is missing; the pods start then by themselves: {line}"
            command = describe
        case PodReason.APP_NOT_LOADED:
            cause = f"cannot load the application {evidence.snapshot.spec.app}: {line}"
            remedy = "Correct spec.app (as in celery -A) or the image: the application cannot be imported"
            command = logs
        case PodReason.OOM_KILLED:
            cause = "was killed at its memory limit"
            remedy = "Raise resources.limits.memory of the group, or lower its concurrency"
            command = describe
        case _:
            cause = f"crashes ({trouble.reason}): {line}"
            remedy = "Read why the container ended"
            command = logs
    return Problem(reason, f"Pod {pod.name} {cause}", remedy, command)


def _deaf(worker: Worker, evidence: Evidence) -> Problem:
    return Problem(
        WorkerReason.DEAF,
        f"Pod {worker.pod.name} is deaf, it is connected and takes no messages: {_own_words(worker)}",
        "A worker that stays deaf is restarted; to have it at once, delete its pod: tasks are finished first",
        evidence.kubectl(f"delete pod {worker.pod.name}"),
    )


def _wedged(worker: Worker, evidence: Evidence) -> Problem:
    return Problem(
        WorkerReason.WEDGED,
        f"Pod {worker.pod.name} is wedged, its loop no longer turns: {_own_words(worker)}",
        "The kubelet restarts a wedged worker; read what it did before",
        evidence.kubectl(f"logs {worker.pod.name} -c {WORKER_CONTAINER} --previous"),
    )


def _pool_dead(worker: Worker, evidence: Evidence) -> Problem:
    return Problem(
        WorkerReason.POOL_DEAD,
        f"The pool of pod {worker.pod.name} is dead: {_own_words(worker)}",
        "The kubelet restarts a worker whose pool is dead; read what ends the pool's processes",
        evidence.kubectl(f"logs {worker.pod.name} -c {WORKER_CONTAINER} --previous"),
    )


def _found(worker: Worker, finding: Finding, evidence: Evidence) -> Problem:
    """A finding of the fleet; its subject is this worker alone, under the name of its pod."""
    name = worker.pod.name
    report = f"/api/v1/namespaces/{evidence.snapshot.namespace}/pods/{name}:{PORT}/proxy{REPORT_PATH}"
    remedy, command = finding.remedy, f"get --raw {report}"
    if finding.reason is FleetReason.WORKER_STALLED:
        remedy = "The operator replaces stalled workers, one first; to have it at once, delete the pod"
        command = f"delete pod {name}"
    return Problem(finding.reason, finding.message, remedy, evidence.kubectl(command))


def _connecting(worker: Worker, evidence: Evidence) -> Problem:
    own, command = _own_words(worker), evidence.kubectl(f"logs {worker.pod.name} -c {WORKER_CONTAINER}")
    reading = worker.pod.reading
    if evidence.broker.reachable is True and reading is not None and reading.broker.reachable is False:
        return Problem(
            WorkerReason.CONNECTING,
            f"Pod {worker.pod.name} does not reach the broker, although the operator does: "
            f"{reading.broker.message}",
            "Look for a NetworkPolicy, or another broker URL, that keeps the pods from the broker",
            evidence.kubectl("get networkpolicies"),
        )
    message = f"Pod {worker.pod.name} is not consuming: {own}"
    return Problem(WorkerReason.CONNECTING, message, "Read what the worker waits for", command)


def _unscheduled(worker: Worker, evidence: Evidence) -> Problem:
    trouble = worker.pod.trouble
    why = f": {last_line(trouble)}" if trouble else ""
    return Problem(
        PodReason.UNSCHEDULABLE,
        f"Pod {worker.pod.name} has no node{why}",
        "Add nodes, or lower the group's resources.requests",
        evidence.kubectl(f"describe pod {worker.pod.name}"),
    )


def _stopped(worker: Worker, evidence: Evidence) -> Problem:
    return Problem(
        PodReason.STOPPED,
        f"Pod {worker.pod.name} has stopped working: {_own_words(worker)}",
        "Read why the worker ended",
        evidence.kubectl(f"logs {worker.pod.name} -c {WORKER_CONTAINER}"),
    )


def _silent(worker: Worker, evidence: Evidence) -> Problem:
    return Problem(
        PodReason.SIDECAR_UNREACHABLE,
        f"Pod {worker.pod.name} runs, but its sidecar does not tell whether the worker consumes",
        f"Let the operator reach port {PORT} of the worker pods, and see that the sidecar runs",
        evidence.kubectl(f"logs {worker.pod.name} -c {SIDECAR_CONTAINER}"),
    )


def _untold(worker: Worker, evidence: Evidence) -> Problem:
    return Problem(
        PodReason.CONSUMPTION_UNKNOWN,
        f"Pod {worker.pod.name} does not tell whether it consumes: {_own_words(worker)}",
        "Read what the agent cannot see",
        evidence.kubectl(f"logs {worker.pod.name} -c {SIDECAR_CONTAINER}"),
    )


def _starting(worker: Worker, evidence: Evidence) -> Problem:
    return Problem(
        WorkerReason.STARTING,
        f"Pod {worker.pod.name} is starting",
        "Wait, or see what the pod waits for",
        evidence.kubectl(f"describe pod {worker.pod.name}"),
    )


def _refused(group: GroupView, evidence: Evidence) -> Problem | None:
    if group.deployment is None or not group.deployment.failure:
        return None
    instance = f"{LABEL_INSTANCE}={evidence.snapshot.name},{LABEL_GROUP}={group.name}"
    return Problem(
        PodReason.CREATION_REFUSED,
        f"Deployment {group.deployment.name} makes no progress: {group.deployment.failure}",
        "Lift what keeps the Deployment from making its pods",
        evidence.kubectl(f"describe replicasets -l {instance}"),
    )


def _own_words(worker: Worker) -> str:
    return worker.pod.reading.verdict.message if worker.pod.reading else "no report"


_ALWAYS: dict[Standing, _Teller] = {
    Standing.BROKEN: _broken,
    Standing.WEDGED: _wedged,
    Standing.POOL_DEAD: _pool_dead,
    Standing.DEAF: _deaf,
}
_TELLERS: dict[Standing, _Teller] = {
    **_ALWAYS,
    Standing.UNSCHEDULED: _unscheduled,
    Standing.CONNECTING: _connecting,
    Standing.STOPPED: _stopped,
    Standing.SILENT: _silent,
    Standing.UNTOLD: _untold,
    Standing.STARTING: _starting,
}
