"""What a person can do about it: a sentence and a command each, the most urgent first."""

from collections.abc import Iterator

from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.urls import redact
from celery_health.wire.names import DIRECTORY
from celery_operator.api.names import (
    ANNOTATION_PAUSE_SCALE_OUT,
    COMPONENT_REDIS,
    LABEL_COMPONENT,
    LABEL_INSTANCE,
    PLURAL,
    WORKER_CONTAINER,
)
from celery_operator.api.status import ConditionType, Recommendation
from celery_operator.decide.advice.manual_steps import by_hand
from celery_operator.decide.condition_state import Verdicts
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupView
from celery_operator.decide.evidence.worker_state import Standing
from celery_operator.decide.problem import Problems
from celery_operator.decide.scaling.decision import ScalingReason
from celery_operator.decide.text import sentence

_MOST = 10

_Advice = tuple[str, str]


def recommend(evidence: Evidence, problems: Problems, verdicts: Verdicts) -> tuple[Recommendation, ...]:
    """At most ten, none of them twice."""
    found = dict.fromkeys(
        Recommendation(message=sentence(message), command=command)
        for message, command in _all(evidence, problems, verdicts)
    )
    return tuple(found)[:_MOST]


def _all(evidence: Evidence, problems: Problems, verdicts: Verdicts) -> Iterator[_Advice]:
    yield from _faults(evidence)
    yield from _broker(evidence)
    yield from _workers(evidence, problems)
    yield from _agents(evidence)
    yield from _beat(evidence, verdicts)
    yield from _backlog(evidence)
    yield from _queues(evidence)
    yield from _result_backend(evidence, verdicts)


def _faults(evidence: Evidence) -> Iterator[_Advice]:
    for fault in evidence.faults:
        edit = evidence.kubectl(f"edit {PLURAL} {evidence.snapshot.name}")
        yield fault.message, redact(fault.command) or edit


def _broker(evidence: Evidence) -> Iterator[_Advice]:
    broker, spec, name = evidence.broker, evidence.snapshot.spec, evidence.snapshot.name
    if broker.reached_by_workers_only or broker.numbers_refused:
        yield f"Let the operator read the broker: {broker.reading.message}", _see_url(evidence)
    if broker.reachable is not False:
        return
    if spec.broker.managed:
        selector = f"{LABEL_INSTANCE}={name},{LABEL_COMPONENT}={COMPONENT_REDIS}"
        yield "Look why the managed Redis does not answer", evidence.kubectl(f"describe pods -l {selector}")
        return
    yield (
        f"Bring the broker back; workers reconnect by themselves: {broker.reading.message}",
        _see_url(evidence),
    )


def _see_url(evidence: Evidence) -> str:
    """Where the broker's URL comes from; ``describe secret`` shows no value."""
    source = evidence.snapshot.spec.broker.url_from
    if source:
        return evidence.kubectl(f"describe secret {source.secret_key_ref.name}")
    path = "{.status.broker}"
    return evidence.kubectl(f"get {PLURAL} {evidence.snapshot.name} -o jsonpath='{path}'")


def _workers(evidence: Evidence, problems: Problems) -> Iterator[_Advice]:
    for group in evidence.groups:
        for problem in problems[group.name]:
            waits = evidence.broker.reachable is False and problem.waits_for_broker
            if problem.reason is not WorkerReason.STARTING and not waits:
                yield problem.remedy, problem.command


def _agents(evidence: Evidence) -> Iterator[_Advice]:
    for group in evidence.groups:
        for worker in group.standing(Standing.AGENT_ABSENT)[:1]:
            path = f'{{.spec.containers[?(@.name=="{WORKER_CONTAINER}")].command}}'
            start = f"python {DIRECTORY} -A {evidence.snapshot.spec.app} worker ..."
            yield (
                f"Let group {group.name} start Celery through the agent: {start}",
                evidence.kubectl(f"get pod {worker.pod.name} -o jsonpath='{path}'"),
            )


def _beat(evidence: Evidence, verdicts: Verdicts) -> Iterator[_Advice]:
    verdict = verdicts[ConditionType.BEAT_HEALTHY]
    hanging = next((one for one in evidence.snapshot.beats if one.live is False and not one.deleting), None)
    instead = by_hand(evidence.snapshot, hanging.pod) if hanging else None
    if instead is not None:
        yield f"{instead.remedy}: {instead.why}, so nothing else restarts beat", instead.command
    if verdict.fails:
        name = f"{evidence.snapshot.name}-beat"
        yield (
            f"Read why beat does not run once: {verdict.message}",
            evidence.kubectl(f"logs deployment/{name}"),
        )


def _backlog(evidence: Evidence) -> Iterator[_Advice]:
    spec, name = evidence.snapshot.spec, evidence.snapshot.name
    if evidence.unserved and spec.suspend:
        patch = '{"spec":{"suspend":false}}'
        yield (
            "Messages wait: end the suspension",
            evidence.kubectl(f"patch {PLURAL} {name} --type merge -p '{patch}'"),
        )
        return
    threshold = spec.health.backlog_threshold
    wanting = {queue.name for queue in evidence.unserved}
    wanting |= {queue.name for queue in evidence.queues if (queue.ready or 0) > threshold}
    autoscaled = {group.name for group in spec.workers if group.autoscaling}
    for group in evidence.groups:
        if not wanting.intersection(group.queues):
            continue
        if group.name in autoscaled:
            yield from _held_back(group, evidence)
            continue
        command = f"edit {PLURAL} {name}"
        if group.name == spec.scale_target_group:
            command = f"scale {PLURAL} {name} --replicas={group.wanted + 1}"
        yield f"Messages wait for group {group.name}: scale it up", evidence.kubectl(command)


def _held_back(group: GroupView, evidence: Evidence) -> Iterator[_Advice]:
    """What keeps autoscaling from adding workers; nothing while it does what it is there for."""
    decision, name = evidence.desired[group.name].decision, evidence.snapshot.name
    match decision.reason if decision else None:
        case ScalingReason.AT_MAXIMUM:
            message = f"Messages wait for group {group.name}, and it has all of its maxReplicas: raise them"
            yield message, evidence.kubectl(f"edit {PLURAL} {name}")
        case ScalingReason.SCALE_OUT_PAUSED:
            resume = f"annotate {PLURAL} {name} {ANNOTATION_PAUSE_SCALE_OUT}-"
            yield f"Messages wait for group {group.name}: let it grow again", evidence.kubectl(resume)


def _queues(evidence: Evidence) -> Iterator[_Advice]:
    name = evidence.snapshot.name
    for finding in evidence.queue_findings:
        command = f"get pods -l {LABEL_INSTANCE}={name}"
        if finding.reason is FleetReason.QUEUE_NOT_CONSUMED:
            command = f"edit {PLURAL} {name}"
        yield finding.remedy, evidence.kubectl(command)


def _result_backend(evidence: Evidence, verdicts: Verdicts) -> Iterator[_Advice]:
    verdict = verdicts[ConditionType.RESULT_BACKEND_REACHABLE]
    backend = evidence.snapshot.spec.result_backend
    if not verdict.fails or backend is None:
        return
    command = f"get {PLURAL} {evidence.snapshot.name} -o jsonpath='{{.spec.resultBackend}}'"
    if backend.url_from:
        command = f"describe secret {backend.url_from.secret_key_ref.name}"
    yield f"Bring the result backend back: {verdict.message}", evidence.kubectl(command)
