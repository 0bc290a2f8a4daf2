"""Orders to workers."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from celery_monitor.control.workers import MOST_CHANGE
from celery_monitor.web.models.base import Body, Document

_Name = Annotated[str, Field(min_length=1, max_length=255)]
_Workers = Annotated[tuple[_Name, ...], Field(max_length=1000)]
_Count = Annotated[int, Field(ge=1, le=MOST_CHANGE)]
_Seconds = Annotated[float, Field(gt=0, le=31_536_000, allow_inf_nan=False)]


class PoolBody(Body):
    """Exactly one of both."""

    grow: _Count | None = Field(default=None, description="Add this number of processes.")
    shrink: _Count | None = Field(default=None, description="Take away this number of processes.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.grow is None) == (self.shrink is None):
            raise ValueError("give either grow or shrink")
        return self


class ConsumersBody(Body):
    """Exactly one of both."""

    add: _Name | None = Field(default=None, description="Consume this queue too.")
    cancel: _Name | None = Field(default=None, description="Consume this queue no longer.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.add is None) == (self.cancel is None):
            raise ValueError("give either add or cancel")
        return self


class RateLimitBody(Body):
    """A rate limit of each worker."""

    rate: str = Field(
        pattern=r"^(0|[0-9]{1,9}(\.[0-9]{1,6})?(/[smh])?)$",
        description="Tasks a second, a minute or an hour, such as `10/m`; `0` for no limit.",
    )
    workers: _Workers = Field(default=(), description="Only these workers; none for all that are online.")


class TimeLimitBody(Body):
    """Time limits. Null: no limit."""

    soft: _Seconds | None = Field(default=None, description="Seconds until SoftTimeLimitExceeded is raised.")
    hard: _Seconds | None = Field(default=None, description="Seconds until the process is killed.")
    workers: _Workers = Field(default=(), description="Only these workers; none for all that are online.")


class WorkerAnswer(Document):
    """What one worker answered."""

    model_config = ConfigDict(from_attributes=True)

    worker: str = Field(description="The worker.")
    result: Literal["ok", "error", "no answer"] = Field(description="Whether it did it.")
    text: str = Field(description="Its own words.")


class WorkerAnswers(Document):
    """What the workers answered. An order lasts until the worker restarts."""

    answers: list[WorkerAnswer] = Field(description="One for each worker that was ordered.")
