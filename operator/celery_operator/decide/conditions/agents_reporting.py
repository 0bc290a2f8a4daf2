"""AgentsReporting: every running worker has an agent that reports."""

from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.text import counted, is_or_are
from celery_health.verdicts.verdict import Verdict
from celery_operator.decide.condition_state import ConditionState, by_verdict, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.worker_state import WorkerState
from celery_operator.decide.group_verdicts import sidecar_facts

_NOT_RUNNING = (WorkerState.STARTING, WorkerState.UNSCHEDULED, WorkerState.BROKEN, WorkerState.STOPPED)


def state_of(evidence: Evidence) -> ConditionState:
    """Pods that do not run yet, or cannot run, need not report."""
    if absent := _names(evidence, WorkerState.AGENT_ABSENT):
        return by_verdict(Verdict(WorkerReason.AGENT_ABSENT, absent))
    silent = [
        worker.pod for group in evidence.groups for worker in group.in_state(WorkerState.SIDECAR_UNREACHABLE)
    ]
    if silent:
        # The message quotes the error of the first.
        silent.sort(key=lambda pod: not pod.sidecar_error)
        facts = sidecar_facts(silent[0].sidecar_error)
        return by_verdict(Verdict(PodReason.SIDECAR_UNREACHABLE, tuple(pod.name for pod in silent), facts))
    workers = [worker for group in evidence.groups for worker in group.present]
    reporting = sum(worker.state not in _NOT_RUNNING for worker in workers)
    if not reporting:
        return by_verdict(Verdict(StateReason.NOTHING_TO_REPORT))
    return yes(StateReason.ALL_REPORTING, f"{counted(reporting, 'worker')} {is_or_are(reporting)} reporting")


def _names(evidence: Evidence, state: WorkerState) -> tuple[str, ...]:
    return tuple(worker.pod.name for group in evidence.groups for worker in group.in_state(state))
