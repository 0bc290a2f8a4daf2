"""The autoscaling of a worker group. Where the meaning is that of HPA v2 so are the names."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from celery_operator.api import autoscaling_rules as rules
from celery_operator.api.base import ApiModel
from celery_operator.api.rules import checked

Cron = Annotated[str, Field(max_length=100, json_schema_extra=checked(*rules.CRON))]
TimeZone = Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=checked(*rules.TIME_ZONE))]


class ScalingPolicy(ApiModel):
    """How far the number of pods may move within a period."""

    type: Literal["Pods", "Percent"]
    """Pods: value is a number of pods. Percent: value is a share of those at the period's beginning."""
    value: int = Field(ge=1, le=10000)
    """Pods or percent."""
    period_seconds: int = Field(ge=1, le=1800)
    """Length of the period."""


class ScalingRules(ApiModel):
    """Limits of the moves in one direction."""

    stabilization_window_seconds: int = Field(default=0, ge=0, le=3600)
    """Seconds of which the most cautious recommendation counts."""
    select_policy: Literal["Max", "Min", "Disabled"] = "Max"
    """Which of several policies counts: the one that allows most, or least. Disabled: no moves at all."""
    policies: Annotated[tuple[ScalingPolicy, ...], Field(max_length=10)] = ()
    """The limits; none: as far as needed in one step."""
    tolerance: float = Field(default=0.1, ge=0, le=1)
    """Share of the present size by which the needed one must differ before anything moves."""


class ScaleDown(ScalingRules):
    """Limits of the moves down; draining comes on top of them."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.SCALE_DOWN))

    stabilization_window_seconds: int = Field(default=60, ge=0, le=3600)
    """Seconds of which the most cautious recommendation counts."""


class Fallback(ApiModel):
    """What to do when the broker cannot be read."""

    replicas: int = Field(ge=1, le=10000)
    """At least so many pods; never fewer than there are."""
    after_seconds: int = Field(default=60, ge=0, le=86400)
    """Seconds for which the broker has told nothing before that counts."""


class ScheduleWindow(ApiModel):
    """A known peak, for which pods stand ready before the load comes."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.SCHEDULE_WINDOW))

    start: Cron
    """When it begins: a cron expression of five fields, such as 0 8 * * mon-fri."""
    end: Cron
    """When it ends: a cron expression. The window is open from each start to the next end."""
    time_zone: TimeZone = "UTC"
    """Time zone of both, such as Europe/Berlin."""
    min_replicas: int = Field(ge=1, le=10000)
    """At least so many pods meanwhile, and at most maxReplicas."""


class Autoscaling(ApiModel):
    """Capacity that follows the load: the larger of two sizes, one by concurrency and one by time."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.AUTOSCALING))

    min_replicas: int = Field(default=1, ge=0, le=10000)
    """Fewest pods; 0 lets the group go to zero while it has nothing to do."""
    max_replicas: int = Field(ge=1, le=10000)
    """Most pods."""
    target_drain_seconds: int = Field(default=60, ge=1, le=86400)
    """Seconds within which what waits should be done. The measured throughput of a slot tells how many slots
    that takes.
    """
    target_per_slot: int = Field(default=10, ge=1, le=10000)
    """Tasks, waiting and running, for each slot. The larger of this size and that by targetDrainSeconds
    counts.
    """
    activation_backlog: int = Field(default=0, ge=0, le=1_000_000_000)
    """Tasks that may wait while the group is at zero; one more and it starts."""
    idle_seconds: int = Field(default=60, ge=0, le=86400)
    """Seconds without anything to do before the last pod goes."""
    scale_up: ScalingRules = ScalingRules()
    """Limits of the moves up."""
    scale_down: ScaleDown = ScaleDown()
    fallback: Fallback | None = None
    schedule: Annotated[tuple[ScheduleWindow, ...], Field(max_length=20)] = ()
    """Known peaks, each with its own least number of pods."""
