"""The health of the fleet, with the verdicts that it comes from."""

from pydantic import ConfigDict, Field

from celery_health.catalogue.health import HealthState
from celery_monitor.web.models.base import Document


class FleetVerdict(Document):
    """One thing that is wrong, as `celery-health` says it."""

    model_config = ConfigDict(from_attributes=True)

    health: HealthState = Field(description="What the verdict makes of the health.")
    reason: str = Field(description="The machine-readable word of the catalogue of verdicts.")
    message: str = Field(description="What is wrong.")
    remedy: str = Field(description="What to do; empty if there is nothing to do.")
    command: str = Field(description="The command for it; empty if there is none.")


class FleetHealth(Document):
    """The health of the fleet now."""

    at: float = Field(description="When the fleet was checked. Unix time in seconds.")
    app: str = Field(description="The application, as `celery -A` takes it.")
    broker: str = Field(description="The URL of the broker without credentials.")
    health: HealthState = Field(description="One word.")
    verdicts: list[FleetVerdict] = Field(description="What is wrong, the worst first.")
