"""The responses to probes."""

from pydantic import Field

from celery_monitor.web.models.base import Document


class CheckResult(Document):
    """One thing that the monitor needs."""

    name: str = Field(description="What was checked.")
    ok: bool = Field(description="Whether it works.")
    problem: str | None = Field(
        description="What is wrong; null if it works. Only a caller with a role sees the cause."
    )


class Readiness(Document):
    """Whether the monitor works."""

    ok: bool = Field(description="Whether every check succeeded.")
    checks: list[CheckResult] = Field(description="Every check.")
