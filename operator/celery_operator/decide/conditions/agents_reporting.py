"""AgentsReporting: every running worker has an agent that reports."""

from collections.abc import Sequence

from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.text import counted, is_or_are
from celery_health.verdicts.verdict import Verdict
from celery_operator.decide.condition_state import ConditionState, by_verdict, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.worker_state import WorkerState
from celery_operator.decide.shared_verdicts import report_unreadable, sidecar_facts
from celery_operator.snapshot import PodState

_NOT_RUNNING = (WorkerState.STARTING, WorkerState.UNSCHEDULED, WorkerState.BROKEN, WorkerState.STOPPED)


def state_of(evidence: Evidence) -> ConditionState:
    """Pods that do not run yet, or cannot run, need not report."""
    unreadable = _pods(evidence, WorkerState.REPORT_UNREADABLE)
    if unreadable and (reading := unreadable[0].reading):
        return by_verdict(report_unreadable(_names(unreadable), reading.verdict.message))
    if absent := _pods(evidence, WorkerState.AGENT_ABSENT):
        return by_verdict(Verdict(WorkerReason.AGENT_ABSENT, _names(absent)))
    if silent := _pods(evidence, WorkerState.SIDECAR_UNREACHABLE):
        # The message quotes the error of the first.
        silent.sort(key=lambda pod: not pod.sidecar_error)
        facts = sidecar_facts(silent[0].sidecar_error)
        return by_verdict(Verdict(PodReason.SIDECAR_UNREACHABLE, _names(silent), facts))
    workers = [worker for group in evidence.groups for worker in group.present]
    reporting = sum(worker.state not in _NOT_RUNNING for worker in workers)
    if not reporting:
        return by_verdict(Verdict(StateReason.NOTHING_TO_REPORT))
    return yes(StateReason.ALL_REPORTING, f"{counted(reporting, 'worker')} {is_or_are(reporting)} reporting")


def _pods(evidence: Evidence, state: WorkerState) -> list[PodState]:
    return [worker.pod for group in evidence.groups for worker in group.in_state(state)]


def _names(pods: Sequence[PodState]) -> tuple[str, ...]:
    return tuple(pod.name for pod in pods)
