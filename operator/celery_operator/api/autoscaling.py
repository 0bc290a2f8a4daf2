"""The autoscaling of a worker group. Fields with the meaning of HPA v2 have its names."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from celery_operator.api import autoscaling_rules as rules
from celery_operator.api.base import ApiModel
from celery_operator.api.rules import checked

Cron = Annotated[str, Field(max_length=100, json_schema_extra=checked(*rules.CRON))]
TimeZone = Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=checked(*rules.TIME_ZONE))]


class ScalingPolicy(ApiModel):
    """How much the number of pods may change within a period."""

    type: Literal["Pods", "Percent"]
    """Pods: value is a number of pods. Percent: value is a share of the pods at the beginning of the period.
    """
    value: int = Field(ge=1, le=10000)
    """Pods or percent."""
    period_seconds: int = Field(ge=1, le=1800)
    """Length of the period."""


class ScalingRules(ApiModel):
    """Limits of the changes in one direction."""

    stabilization_window_seconds: int = Field(default=0, ge=0, le=3600)
    """Scale-out goes no higher than the lowest size computed within these last seconds."""
    select_policy: Literal["Max", "Min", "Disabled"] = "Max"
    """Max: the policy that allows the largest change counts. Min: the one that allows the smallest.
    Disabled: no change in this direction.
    """
    policies: Annotated[tuple[ScalingPolicy, ...], Field(max_length=10)] = ()
    """The limits. Without policies the size changes as far as needed in one step."""
    tolerance: float = Field(default=0.1, ge=0, le=1)
    """The size changes only when the computed size differs by more than this share of the current one."""


class ScaleDown(ScalingRules):
    """Limits of scale-in. Draining takes additional time."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.SCALE_DOWN))

    stabilization_window_seconds: int = Field(default=60, ge=0, le=3600)
    """Scale-in goes no lower than the highest size computed within these last seconds."""


class Fallback(ApiModel):
    """What to do when the broker cannot be read."""

    replicas: int = Field(ge=1, le=10000)
    """The group then has at least this number of pods."""
    after_seconds: int = Field(default=60, ge=0, le=86400)
    """Seconds without queue lengths before the fallback applies."""


class ScheduleWindow(ApiModel):
    """A known peak, for which pods are started before the load comes."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.SCHEDULE_WINDOW))

    start: Cron
    """When it begins: a cron expression of five fields, such as 0 8 * * mon-fri."""
    end: Cron
    """When it ends: a cron expression. The window is open from each start to the next end."""
    time_zone: TimeZone = "UTC"
    """Time zone of both, such as Europe/Berlin."""
    min_replicas: int = Field(ge=1, le=10000)
    """Minimum number of pods while the window is open; at most maxReplicas."""


class Autoscaling(ApiModel):
    """A number of pods that follows the load. Two sizes are computed, by targetPerSlot and by
    targetDrainSeconds, and the larger one counts.
    """

    model_config = ConfigDict(json_schema_extra=checked(*rules.AUTOSCALING))

    min_replicas: int = Field(default=1, ge=0, le=10000)
    """Minimum number of pods. With 0 the group scales to zero while there is nothing to do."""
    max_replicas: int = Field(ge=1, le=10000)
    """Maximum number of pods."""
    target_drain_seconds: int = Field(default=60, ge=1, le=86400)
    """Seconds within which the backlog should be finished. The measured throughput of a slot gives the number
    of slots for that.
    """
    target_per_slot: int = Field(default=10, ge=1, le=10000)
    """Number of tasks, waiting and active, for each slot. This size needs no
    measurement.
    """
    activation_backlog: int = Field(default=0, ge=0, le=1_000_000_000)
    """A group at zero starts when more tasks than this wait."""
    idle_seconds: int = Field(default=60, ge=0, le=86400)
    """Seconds without any task before the last pod is deleted."""
    scale_up: ScalingRules = ScalingRules()
    """Limits of scale-out."""
    scale_down: ScaleDown = ScaleDown()
    fallback: Fallback | None = None
    schedule: Annotated[tuple[ScheduleWindow, ...], Field(max_length=20)] = ()
    """Known peaks, each with its own minimum number of pods."""
