"""AgentsReporting: every running worker has an agent in it that tells how it is."""

from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.names import DIRECTORY
from celery_operator.decide.condition_state import Verdict, no, unknown, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.worker_state import Standing
from celery_operator.decide.text import counted, listed

_UNBORN = (Standing.STARTING, Standing.UNSCHEDULED, Standing.BROKEN, Standing.STOPPED)


def judge(evidence: Evidence) -> Verdict:
    """Pods that are not up yet, or cannot come up, are not asked for a report."""
    absent = _names(evidence, Standing.AGENT_ABSENT)
    if absent:
        return no(
            WorkerReason.AGENT_ABSENT,
            f"No agent reports from {listed(absent)}: start the worker with "
            f"python {DIRECTORY} -A {evidence.snapshot.spec.app} worker ...",
        )
    if silent := _names(evidence, Standing.SILENT):
        return unknown(
            PodReason.SIDECAR_UNREACHABLE,
            f"The operator gets no answer from the sidecar of {listed(silent)}{_cause(evidence)}",
        )
    workers = [worker for group in evidence.groups for worker in group.present]
    reporting = [worker for worker in workers if worker.standing not in _UNBORN]
    if not reporting:
        return yes(StateReason.NOTHING_TO_REPORT, "No worker is running, so none fails to report")
    return yes(StateReason.ALL_REPORTING, f"{counted(len(reporting), 'worker')} reporting")


def _names(evidence: Evidence, standing: Standing) -> list[str]:
    return [worker.pod.name for group in evidence.groups for worker in group.standing(standing)]


def _cause(evidence: Evidence) -> str:
    """The cause of the first reading that failed, as the end of a sentence."""
    pods = (worker.pod for group in evidence.groups for worker in group.standing(Standing.SILENT))
    failed = next((pod for pod in pods if pod.sidecar_error), None)
    return f" ({failed.name}: {failed.sidecar_error.rstrip('.')})" if failed else ""
