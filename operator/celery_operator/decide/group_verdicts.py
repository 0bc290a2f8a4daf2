"""What is wrong with the workers of each group, as conditions and recommendations read it."""

from collections.abc import Mapping

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.verdict import Verdict
from celery_health.wire.names import DIRECTORY, PORT

GroupVerdicts = Mapping[str, tuple[Verdict, ...]]
"""By group, the worst first."""


def sidecar_facts(error: str) -> dict[str, str]:
    """What is known of a sidecar that did not answer; ``error`` is empty where nothing is."""
    return {"port": str(PORT), "cause": f": {error.rstrip('.')}" if error else ""}


def report_unreadable(pods: tuple[str, ...], cause: str) -> Verdict:
    """The sidecars of these pods cannot read the reports; ``cause`` is the sentence of the first sidecar."""
    return Verdict(WorkerReason.REPORT_UNREADABLE, pods, {"evidence": cause, "directory": DIRECTORY})
