"""What is wrong with the workers of each group, as conditions and recommendations read it."""

from collections.abc import Mapping

from celery_health.verdicts.verdict import Verdict
from celery_health.wire.names import PORT

GroupVerdicts = Mapping[str, tuple[Verdict, ...]]
"""By group, the worst first."""


def sidecar_facts(error: str) -> dict[str, str]:
    """What is known of a sidecar that did not answer; ``error`` is empty where nothing is."""
    return {"port": str(PORT), "cause": f": {error.rstrip('.')}" if error else ""}
