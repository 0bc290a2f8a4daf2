"""Workers, queues, the schedule and their sums."""

from pydantic import ConfigDict, Field

from celery_monitor.live.views import OfflineReason, ScheduleSource
from celery_monitor.web.models.base import Document

_TIME = "Unix time in seconds."


class _View(Document):
    """A document with the fields of a view of `live`."""

    model_config = ConfigDict(from_attributes=True)


class Worker(_View):
    """One worker. Null always means unknown, never zero."""

    name: str = Field(description="The name, such as `celery@host`.")
    online: bool = Field(description="Whether the worker sends heartbeats.")
    since: float | None = Field(
        description="When its process started, or else came online; or when it was last seen. " + _TIME
    )
    offline_reason: OfflineReason | None = Field(description="Why it is offline.")
    last_heartbeat: float | None = Field(description="When its last heartbeat was received. " + _TIME)
    heartbeat_interval: float | None = Field(description="Seconds between its heartbeats.")
    group: str | None = Field(description="Its worker group in a cluster.")
    pid: int | None = Field(description="Its process id.")
    version: str | None = Field(description="Its version of Celery.")
    pool: str | None = Field(description="The kind of its pool.")
    slots: int | None = Field(description="Tasks that its pool runs at one time.")
    prefetch: int | None = Field(description="Messages that it fetches at most.")
    queues: tuple[str, ...] | None = Field(description="The queues that it consumes.")
    tasks: tuple[str, ...] | None = Field(description="The names of the tasks that it can run.")
    active: int | None = Field(description="Tasks that it is running.")
    reserved: int | None = Field(description="Fetched tasks that wait for a slot.")
    eta: int | None = Field(description="Fetched tasks that wait for their time.")
    processed: int | None = Field(description="Tasks that it has begun since its start.")
    load: float | None = Field(description="The load of its machine over one minute.")
    memory: int | None = Field(description="Its memory, in bytes.")
    missed: int = Field(description="Starts and ends of runs that the monitor has no event of.")
    clock_skew: float = Field(description="Seconds that its clock is ahead of the monitor's.")
    task_events: bool | None = Field(description="Whether it sends task events.")
    verdict: str | None = Field(description="What is wrong with it; null if it works as it should.")


class Workers(Document):
    """All workers."""

    workers: list[Worker] = Field(description="By name.")


class Queue(_View):
    """One queue at its last reading. Null always means unknown, never zero."""

    name: str = Field(description="The name of the queue.")
    at: float | None = Field(description="When it was read. " + _TIME)
    ready: int | None = Field(description="Messages that wait, over all priorities.")
    by_priority: dict[int, int] = Field(description="Ready messages of each priority.")
    unacknowledged: int | None = Field(description="Messages that workers have fetched and not acknowledged.")
    consumers: int | None = Field(description="Consumers, as the broker counts them.")
    workers: tuple[str, ...] = Field(description="Online workers that consume it.")
    in_rate: float | None = Field(description="Messages that arrive per second.")
    out_rate: float | None = Field(description="Messages that workers fetch per second.")
    oldest_wait: float | None = Field(description="Seconds that the oldest ready message has waited.")


class Queues(Document):
    """All queues."""

    queues: list[Queue] = Field(description="By name.")


class ScheduledTask(_View):
    """One periodic task."""

    name: str = Field(description="The name of the entry.")
    task: str = Field(description="The name of the task.")
    schedule: str = Field(description="When it runs, such as `every 30 s`.")
    source: ScheduleSource = Field(description="Where the entry is read from.")
    enabled: bool = Field(description="Whether beat sends it.")
    queue: str | None = Field(description="The queue that it is sent to.")
    last_run: float | None = Field(description="When beat last sent it. " + _TIME)
    next_run: float | None = Field(description="When beat sends it next. " + _TIME)
    missed: int | None = Field(
        description="How many times since the last run it should have been sent, counted up to 100."
    )
    runs: int | None = Field(description="How often it was sent.")


class Schedule(_View):
    """The periodic tasks of beat."""

    entries: tuple[ScheduledTask, ...] = Field(description="By name.")
    unknown: str | None = Field(description="Why nothing is known, and what would help.")


class Stats(_View):
    """Sums over all workers and queues. A sum is null if one of its parts is unknown."""

    workers_online: int = Field(description="Workers that send heartbeats.")
    workers_offline: int = Field(description="Workers that no longer do.")
    slots: int | None = Field(description="Tasks that all workers can run at one time.")
    active: int | None = Field(description="Tasks that run.")
    ready: int | None = Field(description="Messages that wait.")
    unacknowledged: int | None = Field(description="Messages that workers have fetched and not acknowledged.")
    in_rate: float | None = Field(description="Messages that arrive per second.")
    out_rate: float | None = Field(description="Messages that workers fetch per second.")
    not_shown_workers: int = Field(description="Workers beyond the number that the monitor keeps.")
    not_shown_queues: int = Field(description="Queues beyond the number that the monitor keeps.")
    without_task_events: tuple[str, ...] = Field(description="Workers that send no task events.")
    last_event: float | None = Field(description="When the last event was received. " + _TIME)
    broker: str | None = Field(description="One sentence about the last reading of the broker.")
    broker_reachable: bool | None = Field(description="Whether the broker could be read.")
    broker_read: float | None = Field(description="When the broker could last be read. " + _TIME)
