"""What a person can do about it: a sentence and a command each, the most urgent first."""

from collections.abc import Container, Iterator, Mapping

from celery_health.catalogue import CATALOGUE
from celery_health.catalogue.beat import BeatReason
from celery_health.catalogue.deaths import DeathReason
from celery_health.catalogue.entry import Actor, Severity
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.redaction import redact
from celery_health.verdicts.verdict import Verdict
from celery_health.wire.names import DIRECTORY
from celery_operator.api.names import (
    ANNOTATION_PAUSE_SCALE_OUT,
    COMPONENT_REDIS,
    LABEL_COMPONENT,
    LABEL_INSTANCE,
    PLURAL,
)
from celery_operator.api.parts.managed_redis import NO_EVICTION
from celery_operator.api.status import ConditionType, Recommendation
from celery_operator.decide.advice.manual_steps import manual_step
from celery_operator.decide.condition_state import ConditionStates
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupEvidence
from celery_operator.decide.evidence.overdue_drains import overdue_verdict
from celery_operator.decide.evidence.worker_state import WorkerState
from celery_operator.decide.right_size.group_sizes import GroupSize
from celery_operator.decide.scaling.decision import ScalingReason
from celery_operator.decide.shared_verdicts import GroupVerdicts, report_unreadable
from celery_operator.decide.text import sentence

_MOST = 10

_Advice = tuple[str, str]
"""What to do, and the command."""

_WHO_ACTS = {
    Actor.KUBELET: "The kubelet restarts the worker.",
    Actor.OPERATOR: "The operator replaces the worker's pod.",
}


def recommend(
    evidence: Evidence,
    verdicts: GroupVerdicts,
    conditions: ConditionStates,
    sizes: Mapping[str, GroupSize],
) -> tuple[Recommendation, ...]:
    """At most ten, none of them twice. ``sizes`` are by group."""
    found = dict.fromkeys(
        Recommendation(message=sentence(message), command=command)
        for message, command in (*_all(evidence, verdicts, conditions), *_sizes(evidence, sizes))
    )
    return tuple(found)[:_MOST]


def _all(evidence: Evidence, verdicts: GroupVerdicts, conditions: ConditionStates) -> Iterator[_Advice]:
    yield from _faults(evidence)
    yield from _broker(evidence)
    yield from _eviction(evidence)
    yield from _deaths(evidence, (DeathReason.POISON_TASK,))
    yield from _workers(evidence, verdicts)
    yield from _deaths(evidence, (DeathReason.CHILDREN_LOST, DeathReason.TASKS_LOST))
    yield from _agents(evidence)
    yield from _drains(evidence, conditions)
    yield from _beat(evidence, conditions)
    yield from _monitor(evidence, conditions)
    yield from _backlog(evidence)
    for verdict in evidence.queue_verdicts:
        yield verdict.remedy, verdict.command(evidence.commands)
    yield from _result_backend(evidence, conditions)


def _faults(evidence: Evidence) -> Iterator[_Advice]:
    for fault in evidence.faults:
        edit = evidence.kubectl(f"edit {PLURAL} {evidence.snapshot.name}")
        yield fault.message, redact(fault.command) or edit


def _broker(evidence: Evidence) -> Iterator[_Advice]:
    broker, spec, name = evidence.broker, evidence.snapshot.spec, evidence.snapshot.name
    if broker.reached_by_workers_only or broker.numbers_refused:
        facts = {"reading": broker.reading.message}
        yield Verdict(StateReason.REACHABLE_BY_WORKERS_ONLY, facts=facts).remedy, _url_command(evidence)
    if broker.reachable is not False or broker.is_starting:
        return
    remedy = broker.reading.reason.entry.wording.remedy or "Bring the broker back."
    command = _url_command(evidence)
    if spec.broker.managed:
        selector = f"{LABEL_INSTANCE}={name},{LABEL_COMPONENT}={COMPONENT_REDIS}"
        remedy = "Find out why the managed Redis does not answer."
        command = evidence.kubectl(f"describe pods -l {selector}")
    yield f"{broker.reading.message} {remedy} Workers reconnect by themselves.", command


def _eviction(evidence: Evidence) -> Iterator[_Advice]:
    """A managed Redis that deletes keys. The lists of tasks never expire, so volatile policies spare them."""
    redis = evidence.snapshot.spec.broker.managed
    if redis is None or redis.maxmemory_policy == NO_EVICTION:
        return
    policy = redis.maxmemory_policy
    message = (
        f"The managed Redis deletes whole queues when its memory is full (maxmemoryPolicy {policy}), so "
        f"tasks can be lost. Write {NO_EVICTION}"
    )
    if policy.startswith("volatile-"):
        message = (
            f"The managed Redis deletes keys that have a time to live when its memory is full "
            f"(maxmemoryPolicy {policy}), so results and locks can be lost. Write {NO_EVICTION}"
        )
    patch = f'{{"spec":{{"broker":{{"managed":{{"maxmemoryPolicy":"{NO_EVICTION}"}}}}}}}}'
    yield (
        message,
        evidence.kubectl(f"patch {PLURAL} {evidence.snapshot.name} --type merge -p '{patch}'"),
    )


def _url_command(evidence: Evidence) -> str:
    """Shows where the broker's URL comes from; ``describe secret`` shows no value."""
    source = evidence.snapshot.spec.broker.url_from
    if source:
        return evidence.kubectl(f"describe secret {source.secret_key_ref.name}")
    path = "{.status.broker}"
    return evidence.kubectl(f"get {PLURAL} {evidence.snapshot.name} -o jsonpath='{path}'")


def _workers(evidence: Evidence, verdicts: GroupVerdicts) -> Iterator[_Advice]:
    for group in evidence.groups:
        for verdict in verdicts[group.name]:
            explained = evidence.broker.reachable is False and verdict.entry.broker_outage_explains
            if verdict.entry.announced and not explained:
                yield _healing_advice(verdict, evidence)


def _healing_advice(verdict: Verdict, evidence: Evidence) -> _Advice:
    """Who acts, and what a person can do. Where nothing acts, the person has to."""
    manual = manual_step(evidence.snapshot, verdict.subjects[0]) if verdict.entry.healed else None
    if manual is not None:
        return f"{manual.remedy}: {manual.why}, so nothing else restarts the worker.", manual.command
    acts = _WHO_ACTS.get(verdict.entry.acts, "")
    return f"{acts} {verdict.remedy}".strip(), verdict.command(evidence.commands)


def _deaths(evidence: Evidence, reasons: Container[DeathReason]) -> Iterator[_Advice]:
    """A verdict that no condition shows is stated here."""
    for verdict in evidence.death_verdicts:
        if verdict.reason not in reasons:
            continue
        stated = verdict.severity is Severity.INFORMATION
        remedy = f"{verdict.message} {verdict.remedy}" if stated else verdict.remedy
        yield remedy, verdict.command(evidence.commands)


def _agents(evidence: Evidence) -> Iterator[_Advice]:
    for group in evidence.groups:
        if absent := group.in_state(WorkerState.AGENT_ABSENT):
            names = tuple(worker.pod.name for worker in absent)
            facts = {"group": group.name, "agent": DIRECTORY, "app": evidence.snapshot.spec.app}
            verdict = Verdict(WorkerReason.AGENT_ABSENT, names, facts)
            yield verdict.remedy, verdict.command(evidence.commands)
        if unreadable := group.in_state(WorkerState.REPORT_UNREADABLE):
            yield _unreadable_advice(unreadable[0].pod.name, evidence)


def _drains(evidence: Evidence, conditions: ConditionStates) -> Iterator[_Advice]:
    if conditions[ConditionType.DRAINS_ON_TIME].is_false:
        verdict = overdue_verdict(evidence.snapshot)
        yield verdict.remedy, verdict.command(evidence.commands)


def _unreadable_advice(pod: str, evidence: Evidence) -> _Advice:
    verdict = report_unreadable((pod,), "")
    return verdict.remedy, verdict.command(evidence.commands)


def _beat(evidence: Evidence, conditions: ConditionStates) -> Iterator[_Advice]:
    condition = conditions[ConditionType.BEAT_HEALTHY]
    beats = [one for one in evidence.snapshot.beats if not one.deleting]
    for one in beats:
        if one.reason is BeatReason.REPORT_UNREADABLE:
            yield _unreadable_advice(one.pod, evidence)
    hanging = next((one for one in beats if one.live is False), None)
    manual = manual_step(evidence.snapshot, hanging.pod) if hanging else None
    if manual is not None:
        yield f"{manual.remedy}: {manual.why}, so nothing else restarts beat.", manual.command
    if condition.is_false:
        wording = CATALOGUE[condition.reason].wording
        remedy = f"{condition.message} {wording.remedy}"
        yield remedy, evidence.commands.line(wording, (), {})


def _monitor(evidence: Evidence, conditions: ConditionStates) -> Iterator[_Advice]:
    condition = conditions.get(ConditionType.MONITOR_READY)
    if condition is None or not condition.is_false:
        return
    wording = CATALOGUE[condition.reason].wording
    if wording.remedy:
        yield f"{condition.message} {wording.remedy}", evidence.commands.line(wording, (), {})


def _backlog(evidence: Evidence) -> Iterator[_Advice]:
    spec, name = evidence.snapshot.spec, evidence.snapshot.name
    if evidence.queues_without_replicas and spec.suspend:
        patch = '{"spec":{"suspend":false}}'
        yield (
            "Messages wait: end the suspension",
            evidence.kubectl(f"patch {PLURAL} {name} --type merge -p '{patch}'"),
        )
        return
    threshold = spec.health.backlog_threshold
    affected = {queue.name for queue in evidence.queues_without_replicas}
    affected |= {queue.name for queue in evidence.queues if (queue.ready or 0) > threshold}
    autoscaled = {group.name for group in spec.workers if group.autoscaling}
    for group in evidence.groups:
        if not affected.intersection(group.queues):
            continue
        if group.name in autoscaled:
            yield from _kept_from_growing(group, evidence)
            continue
        command = f"edit {PLURAL} {name}"
        if group.name == spec.scale_target_group:
            command = f"scale {PLURAL} {name} --replicas={group.desired + 1}"
        yield f"Messages wait for group {group.name}: scale it up", evidence.kubectl(command)


def _kept_from_growing(group: GroupEvidence, evidence: Evidence) -> Iterator[_Advice]:
    """What keeps autoscaling from adding workers; nothing while it does what it is there for."""
    decision, name = evidence.desired[group.name].decision, evidence.snapshot.name
    match decision.reason if decision else None:
        case ScalingReason.AT_MAXIMUM:
            message = f"Messages wait for group {group.name}, and it has all of its maxReplicas: raise them"
            yield message, evidence.kubectl(f"edit {PLURAL} {name}")
        case ScalingReason.SCALE_OUT_PAUSED:
            resume = f"annotate {PLURAL} {name} {ANNOTATION_PAUSE_SCALE_OUT}-"
            yield f"Messages wait for group {group.name}: let it grow again", evidence.kubectl(resume)


def _result_backend(evidence: Evidence, conditions: ConditionStates) -> Iterator[_Advice]:
    condition = conditions[ConditionType.RESULT_BACKEND_REACHABLE]
    backend = evidence.snapshot.spec.result_backend
    if not condition.is_false or backend is None:
        return
    command = f"get {PLURAL} {evidence.snapshot.name} -o jsonpath='{{.spec.resultBackend}}'"
    if backend.url_from:
        command = f"describe secret {backend.url_from.secret_key_ref.name}"
    yield f"Bring the result backend back: {condition.message}", evidence.kubectl(command)


def _sizes(evidence: Evidence, sizes: Mapping[str, GroupSize]) -> Iterator[_Advice]:
    """Nothing is wrong with such a group, so no condition states it."""
    for size in sizes.values():
        if verdict := size.verdict:
            yield f"{verdict.message} {verdict.remedy}", verdict.command(evidence.commands)
