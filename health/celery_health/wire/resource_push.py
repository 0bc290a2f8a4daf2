"""What the operator knows of a CeleryDeployment and pushes to its monitor.

A push replaces the one before. Times that end in ``_at`` are Unix time in seconds, by the operator's clock.
None means unknown, never zero.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from celery_health.wire.bounds import ACTIVE_LENGTH, Count, Name, Names, Seconds, Sentence, Version
from celery_health.wire.documents import Format
from celery_health.wire.names import VERSION

PUSH_PATH = "/api/automation/monitoring/push"
"""The monitor's path that takes a push, below its URL prefix."""

PUSH_TOKEN_HEADER = "X-Celery-Push-Token"  # noqa: S105 - the header's name, not a token
"""The API server's pod proxy keeps Authorization for itself, so the token comes in this header."""

PODS_LENGTH = 1000
"""Pods in a push. ``pod_count`` counts all of them."""

TASKS_LENGTH = 5000
"""Active tasks of all pods together in a push. ``active_count`` of a pod counts all of its tasks."""

GROUPS_LENGTH = 50
QUEUES_LENGTH = 500
CONDITIONS_LENGTH = 30

ALERTS_LENGTH = 50

EVENTS_LENGTH = 100
"""Events in a push: the newest."""

PUSH_BYTES = 4 * 1024 * 1024
"""The size of a push. 100 pods with 4 active tasks each take about 100 kB."""


class PushedCondition(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of the resource. ``status`` is True, False or Unknown since ``since_at``."""

    type: Name
    status: Name
    reason: Name
    message: Sentence
    since_at: Seconds


class PushedTask(msgspec.Struct, frozen=True, kw_only=True):
    """An active task. ``queue`` is empty where the worker does not show it."""

    id: Name
    name: Name
    queue: Name = ""
    started_at: Seconds | None = None


class PushedWorker(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker of a pod reports.

    ``hostname`` is Celery's name of the worker, such as ``mail@shop-mail-6d5f``. ``age``: seconds since the
    report was written. ``phase`` is the stage of its life, ``reason`` and ``message`` are the verdict on it.
    ``slots``: tasks that its pool runs at a time. ``task_events``: whether it sends task events.
    ``active`` shows the first of ``active_count`` tasks. ``quarantined``: ids that it does not run.
    """

    hostname: Name
    age: Seconds
    phase: Name
    reason: Name
    message: Sentence
    consuming: bool | None
    draining: bool
    queues: Names
    slots: Count
    active: Annotated[tuple[PushedTask, ...], Meta(max_length=ACTIVE_LENGTH)]
    active_count: Count
    reserved: Count
    eta: Count
    processed: Count
    celery_version: Name = ""
    memory_bytes: Count | None = None
    task_events: bool | None = None
    quarantined: Names = ()


class PushedPod(msgspec.Struct, frozen=True, kw_only=True):
    """A worker pod.

    ``phase`` is the pod's phase in Kubernetes and ``state`` the worker state, such as ``consuming`` or
    ``unscheduled``. ``failure`` says why the pod does not run, such as the scheduler's message; empty if
    nothing keeps it. ``worker`` is None where there is no report.
    """

    name: Name
    group: Name
    phase: Name
    state: Name
    created_at: Seconds
    scheduled: bool
    ready: bool
    deleting: bool
    restarts: Count
    failure: Sentence = ""
    worker: PushedWorker | None = None


class PushedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A worker group in numbers of pods. ``slots``: tasks that one of its workers runs at a time.

    ``scaling`` is the last decision of autoscaling in a sentence, made at ``scaled_at``; empty without one.
    """

    name: Name
    queues: Names
    slots: Count
    desired: Count
    replicas: Count
    ready: Count
    consuming: Count
    draining: Count
    autoscaled: bool
    healing_paused: bool = False
    scaling: Sentence = ""
    scaled_at: Seconds | None = None


class PushedQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue that a group consumes."""

    name: Name
    ready: Count | None = None


class PushedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An Event that the operator has posted on the resource. ``type`` is Normal or Warning."""

    posted_at: Seconds
    type: Name
    reason: Name
    message: Sentence


class PushedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that the operator judges. ``state`` is Pending or Firing since ``since_at``.

    ``group`` and ``queue``: which one the alert is about; empty if it is about none.
    """

    name: Name
    state: Name
    since_at: Seconds
    summary: Sentence
    message: Sentence
    group: Name = ""
    queue: Name = ""


class ResourcePush(msgspec.Struct, frozen=True, kw_only=True):
    """One resource at ``taken_at``. ``health`` is one word, and ``message`` describes the worst problem."""

    version: Version = VERSION
    namespace: Name
    name: Name
    taken_at: Seconds
    health: Name
    message: Sentence
    suspended: bool
    conditions: Annotated[tuple[PushedCondition, ...], Meta(max_length=CONDITIONS_LENGTH)]
    groups: Annotated[tuple[PushedGroup, ...], Meta(max_length=GROUPS_LENGTH)]
    pods: Annotated[tuple[PushedPod, ...], Meta(max_length=PODS_LENGTH)]
    pod_count: Count
    queues: Annotated[tuple[PushedQueue, ...], Meta(max_length=QUEUES_LENGTH)]
    events: Annotated[tuple[PushedEvent, ...], Meta(max_length=EVENTS_LENGTH)] = ()
    alerts: Annotated[tuple[PushedAlert, ...], Meta(max_length=ALERTS_LENGTH)] = ()

    def groups_of_workers(self) -> dict[str, str]:
        """The worker group of every worker that reports, by Celery's name of the worker."""
        return {name: pod.group for name, pod in self._reporting().items()}

    def reports_of_workers(self) -> dict[str, PushedWorker]:
        """What each worker reports, by its name. A process that has just begun has none, and is left out."""
        return {name: pod.worker for name, pod in self._reporting().items() if pod.worker}

    def _reporting(self) -> dict[str, PushedPod]:
        return {pod.worker.hostname: pod for pod in self.pods if pod.worker and pod.worker.hostname}


RESOURCE_PUSH = Format("push of the operator", ResourcePush, PUSH_BYTES)
