"""The triggers of a ScaledObject that say something about a Celery queue or about a time."""

import math
import re
from dataclasses import dataclass

from celery_kubectl.convert.celery_command import shortened
from celery_kubectl.convert.fields import part
from celery_kubectl.kubectl import Object

_REDIS = frozenset({"redis", "redis-cluster", "redis-sentinel"})
# kombu keeps the messages of each priority in a list of its own.
_PRIORITY = re.compile(r"(\x06\x16|\\x06\\x16)\d+$")
_CRON = re.compile(r"\s*\S+(\s+\S+){4}\s*")
_DEFAULT_LIST_LENGTH = _DEFAULT_QUEUE_LENGTH = 5.0
# They say what the trigger measures, and hold no secret.
_SHOWN = ("query", "value", "threshold", "queueURL", "metricName", "mode", "start", "end")


@dataclass(frozen=True, slots=True)
class QueueTrigger:
    """Pods by the length of a queue."""

    queue: str
    messages: float
    """For each pod."""
    activation: int


@dataclass(frozen=True, slots=True)
class Window:
    """Pods at a time of day."""

    start: str
    end: str
    time_zone: str
    replicas: int


@dataclass(frozen=True, slots=True)
class UnknownTrigger:
    """Something that the operator does not scale by."""

    description: str


Trigger = QueueTrigger | Window | UnknownTrigger


def trigger_of(trigger: Object) -> Trigger:
    """One trigger; what cannot be understood is unknown."""
    kind, metadata = str(trigger.get("type")), part(trigger, "metadata")
    found: Trigger | None = None
    if kind in _REDIS:
        queue = _PRIORITY.sub("", str(metadata.get("listName") or ""))
        found = _queue(metadata, queue, "listLength", "activationListLength", _DEFAULT_LIST_LENGTH)
    elif kind == "rabbitmq" and metadata.get("mode", "QueueLength") == "QueueLength":
        key = "value" if "value" in metadata else "queueLength"
        queue = "" if metadata.get("useRegex") == "true" else str(metadata.get("queueName") or "")
        found = _queue(metadata, queue, key, "activationValue", _DEFAULT_QUEUE_LENGTH)
    elif kind == "cron":
        found = _window(metadata)
    return found or UnknownTrigger(_description(kind, metadata))


def _queue(metadata: Object, queue: str, key: str, activation: str, default: float) -> QueueTrigger | None:
    messages, least = _number(metadata.get(key), default), _number(metadata.get(activation), 0)
    if messages is None or messages <= 0 or least is None:
        return None
    return QueueTrigger(queue, messages, int(least))


def _window(metadata: Object) -> Window | None:
    start, end = str(metadata.get("start")), str(metadata.get("end"))
    replicas = _number(metadata.get("desiredReplicas"), 1)
    if not (_CRON.fullmatch(start) and _CRON.fullmatch(end)) or start == end or not replicas or replicas < 1:
        return None
    return Window(start, end, str(metadata.get("timezone") or "UTC"), int(replicas))


def _number(value: object, default: float) -> float | None:
    """KEDA writes numbers as text."""
    if value is None:
        return default
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _description(kind: str, metadata: Object) -> str:
    shown = [f"{key}: {metadata[key]}" for key in _SHOWN if key in metadata]
    return f"{kind} ({shortened(', '.join(shown))})" if shown else kind
