"""Everything that one evaluation of the rules knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from celery_health.wire.resource_push import ResourcePush
from celery_monitor.live.views import QueueView
from celery_monitor.metrics.task_windows import TaskWindows


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSnapshot:
    """The monitor's own data at one moment. None means unknown.

    ``in_cluster``: whether an operator pushes what it knows. ``push``: the last one, None if it is old;
    ``push_age``: seconds since it came, or since the monitor started. ``queues_read``: whether the broker
    showed its queues when it was last read, ``consumers_known``: whether the queues of every worker are
    known. ``dropped`` and ``missed``: events of the last 10 minutes. ``stuck``: how many tasks, by name.
    """

    now: float
    tasks: TaskWindows
    connected: bool
    workers_online: int
    queues: Sequence[QueueView] = ()
    queues_read: bool = True
    consumers_known: bool = True
    in_cluster: bool = False
    push: ResourcePush | None = None
    push_age: float = 0.0
    history_available: bool = True
    blind: bool = False
    dropped: int = 0
    missed: int = 0
    stuck: Mapping[str, int] | None = None
