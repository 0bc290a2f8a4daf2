"""MonitorReady: the monitor runs and is ready. Only a resource with an enabled monitor has this condition."""

from datetime import timedelta

from celery_health.catalogue.monitor import MonitorReason
from celery_health.catalogue.states import StateReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.names import COMPONENT_MONITOR
from celery_operator.decide.condition_state import ConditionState, by_verdict, no, unknown
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.container_failures import last_line
from celery_operator.snapshot import ContainerFailure

STARTS_WITHIN = timedelta(seconds=60)
"""A container that has run for less is only starting."""


def state_of(evidence: Evidence) -> ConditionState:
    """Decided from the pods, and from the Deployment where there is none."""
    snapshot = evidence.snapshot
    pods = snapshot.monitors
    if any(pod.ready for pod in pods):
        return by_verdict(Verdict(MonitorReason.SERVING, (f"{snapshot.name}-{COMPONENT_MONITOR}",)))
    failed = next((pod.failure for pod in pods if pod.failure), None)
    if failed is not None:
        return _not_running(_in_words(failed))
    for pod in pods:
        if pod.container_started_at and snapshot.now - pod.container_started_at >= STARTS_WITHIN:
            return by_verdict(Verdict(MonitorReason.NOT_READY, (pod.name,)))
    deployment = next((one for one in snapshot.deployments if one.component == COMPONENT_MONITOR), None)
    if deployment is None and evidence.new_generation:
        return unknown(StateReason.NEW_GENERATION, "The monitor is being created.")
    if deployment is not None and deployment.failure:
        return _not_running(deployment.failure)
    return no(MonitorReason.STARTING, Verdict(MonitorReason.STARTING).message)


def _not_running(evidence: str) -> ConditionState:
    return by_verdict(Verdict(MonitorReason.NOT_RUNNING, facts={"evidence": evidence}))


def _in_words(failure: ContainerFailure) -> str:
    where = f"container {failure.container}" if failure.container else "the pod"
    return f"{where}: {failure.reason}: {last_line(failure)}"
