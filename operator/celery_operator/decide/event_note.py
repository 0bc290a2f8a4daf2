"""An Event that a decision asks for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from celery_operator.api.status import ConditionType


class EventReason(StrEnum):
    """The reasons of Events that report neither a condition nor an alert.

    ``meaning`` stands in docs/reference/conditions.md. An eviction has the reason that its verdict's entry in
    the catalogue names.
    """

    meaning: str

    def __new__(cls, word: str, meaning: str) -> "EventReason":
        """A member, from its word and its meaning."""
        reason = str.__new__(cls, word)
        reason._value_, reason.meaning = word, meaning
        return reason

    EVICTION_REFUSED = "EvictionRefused", "The API server refused the eviction; the message quotes it."
    RESTART_DID_NOT_HELP = (
        "RestartDidNotHelp",
        "No pod that was created after the eviction works. The message says when the operator tries again.",
    )
    HEALING_PAUSED = (
        "HealingPaused",
        "The annotation `celery-operator.dev/pause-healing`, or that of a group, was set.",
    )
    HEALING_RESUMED = "HealingResumed", "That annotation was removed."
    SCALED_OUT = (
        "ScaledOut",
        "Autoscaling has increased the desired replicas of a group; the message says why.",
    )
    SCALED_IN = "ScaledIn", "Autoscaling has reduced the desired replicas of a group; the message says why."
    DRAIN_OVERDUE = (
        "DrainOverdue",
        "Pods are stopped because their time to drain is over. The message says of the first pod why.",
    )
    TASK_QUARANTINED = (
        "TaskQuarantined",
        "Workers move the messages of a poison task to the dead-letter queue instead of running it.",
    )
    QUARANTINE_FAILED = (
        "QuarantineFailed",
        "Workers cannot move the messages of a task in quarantine, and keep them; the message says why.",
    )
    CONFIGURATION_CHANGED = (
        "ConfigurationChanged",
        "A Secret or ConfigMap that pods read has changed; the message names the Deployment that rolls out.",
    )
    REQUESTED_BY_MONITOR = (
        "RequestedByMonitor",
        "A user of the monitor has paused, resumed, restarted or scaled a group; the message says more.",
    )
    ANNOTATION_NOT_UNDERSTOOD = (
        "AnnotationNotUnderstood",
        "An annotation has no effect; the message says what to write.",
    )


@dataclass(frozen=True, slots=True)
class EventNote:
    """An Event on the CeleryDeployment, not yet sent.

    ``reason``: an EventReason, or that of a condition, an alert or an eviction. ``condition``: whose change
    it reports, if it does. ``identity``: the same whenever and by whomever it is posted, for an Event that
    must be posted once.
    """

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    condition: ConditionType | None = None
    identity: str = ""


def values_changed(deployment: str) -> EventNote:
    """The Event of a rollout that a changed Secret or ConfigMap causes."""
    return EventNote(
        "Normal",
        EventReason.CONFIGURATION_CHANGED,
        f"A Secret or ConfigMap that the pods of {deployment} read has changed. A rollout replaces the pods",
    )
