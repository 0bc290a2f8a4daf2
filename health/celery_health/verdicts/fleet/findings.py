"""What a fleet verdict says: one finding for each thing that is wrong."""

from dataclasses import dataclass

from celery_health.catalogue.fleet import FleetReason


@dataclass(frozen=True, slots=True)
class Finding:
    """``message`` says what is wrong, ``remedy`` what to do; ``subjects`` names the workers or queues."""

    reason: FleetReason
    message: str
    remedy: str
    subjects: tuple[str, ...]
