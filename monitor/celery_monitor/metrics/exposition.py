"""The text of ``/metrics``. The names are those of celery-exporter where the meaning is the same."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from celery_monitor.metrics.gauges import AlertGauges, ProgramGauges, QueueGauge, WorkerGauge
from celery_monitor.metrics.labels import MAX_VALUE
from celery_monitor.metrics.task_counts import Key, Kind, TaskCounts
from celery_monitor.metrics.text import Kind as MetricKind
from celery_monitor.metrics.text import histogram, metric

TASK_LABELS = ("name", "hostname", "queue_name")
_BLOCK_CHARACTERS = 64 * 1024
_TASKS: Mapping[Kind, str] = {
    Kind.SENT: "Tasks that were sent, by senders that send task-sent.",
    Kind.RECEIVED: "Tasks that workers have fetched.",
    Kind.STARTED: "Tasks that workers have started.",
    Kind.SUCCEEDED: "Tasks that succeeded.",
    Kind.RETRIED: "Tasks that failed and are to run again.",
    Kind.REVOKED: "Tasks that were revoked or had expired.",
    Kind.REJECTED: "Tasks that were rejected.",
}


class Exposition:
    """Made at each scrape. The callables return what is known at that moment."""

    def __init__(
        self,
        counts: TaskCounts,
        workers: Callable[[], Iterable[WorkerGauge]],
        queues: Callable[[], Iterable[QueueGauge]],
        program: Callable[[], ProgramGauges],
        alerts: Callable[[], AlertGauges] = AlertGauges,
    ) -> None:
        self._counts = counts
        self._workers = workers
        self._queues = queues
        self._program = program
        self._alerts = alerts

    def blocks(self) -> Iterator[bytes]:
        """The text that Prometheus scrapes, in blocks that take about a millisecond each.

        The monitor may count on between two blocks.
        """
        block, length = [], 0
        for line in self._lines():
            block.append(line)
            length += len(line)
            if length >= _BLOCK_CHARACTERS:
                yield "".join(block).encode()
                block, length = [], 0
        yield "".join(block).encode()

    def _lines(self) -> Iterator[str]:
        yield from _of_tasks(self._counts)
        yield from _of_workers(tuple(self._workers()))
        yield from _of_queues(tuple(self._queues()))
        yield from _of_program(self._program())
        yield from _of_alerts(self._alerts())


def _of_tasks(counts: TaskCounts) -> Iterator[str]:
    for kind, help_text in _TASKS.items():
        yield from _counter(f"celery_task_{kind.value}", help_text, TASK_LABELS, counts.counts[kind])
    yield from _counter(
        "celery_task_failed", "Tasks that failed.", (*TASK_LABELS, "exception"), counts.failures
    )
    yield from histogram(
        "celery_task_runtime", "Seconds that a task ran before it succeeded.", TASK_LABELS, counts.runtime
    )
    yield from histogram(
        "celery_task_queue_wait_time",
        "Seconds between sending and start, of tasks whose sender sends task-sent.",
        TASK_LABELS,
        counts.wait,
    )
    yield from _counter("celery_task_run_twice", "Tasks that were run twice.", ("name",), counts.run_twice)
    yield from _counter("celery_task_lost", "Tasks that were lost with their worker.", ("name",), counts.lost)
    yield from _counter(
        "celery_monitor_series_overflow",
        "Events counted under the labels 'other', because there were too many series.",
        (),
        {(): counts.overflow},
    )


def _of_workers(workers: Sequence[WorkerGauge]) -> Iterator[str]:
    yield from _gauge(
        "celery_worker_up",
        "1 while the worker, or a worker of the group, is online.",
        ("hostname",),
        {(worker.hostname,): int(worker.workers > 0) for worker in workers},
    )
    yield from _gauge(
        "celery_worker_tasks_active",
        "Active tasks.",
        ("hostname",),
        {(worker.hostname,): worker.active for worker in workers},
    )
    yield from _gauge(
        "celery_monitor_workers_online",
        "Workers that are online.",
        ("hostname",),
        {(worker.hostname,): worker.workers for worker in workers},
    )
    yield from _gauge(
        "celery_monitor_missed_tasks",
        "Starts and ends of runs that the monitor has no event of.",
        ("hostname",),
        {(worker.hostname,): worker.missed for worker in workers},
    )


def _of_queues(queues: Sequence[QueueGauge]) -> Iterator[str]:
    for name, help_text, values in (
        ("celery_queue_length", "Ready messages.", {queue.name: queue.length for queue in queues}),
        (
            "celery_active_consumer_count",
            "Consumers, as RabbitMQ counts them.",
            {queue.name: queue.consumers for queue in queues},
        ),
        (
            "celery_active_worker_count",
            "Online workers that consume the queue.",
            {queue.name: queue.workers for queue in queues},
        ),
        (
            "celery_active_process_count",
            "Slots of the online workers that consume the queue.",
            {queue.name: queue.processes for queue in queues},
        ),
        (
            "celery_monitor_queue_unacknowledged",
            "Unacknowledged messages.",
            {queue.name: queue.unacknowledged for queue in queues},
        ),
        (
            "celery_monitor_queue_oldest_wait_seconds",
            "How long the oldest ready message waits.",
            {queue.name: queue.oldest_wait for queue in queues},
        ),
    ):
        yield from _gauge(
            name, help_text, ("queue_name",), {(queue,): value for queue, value in values.items()}
        )


def _of_program(program: ProgramGauges) -> Iterator[str]:
    for name, help_text, value in (
        ("connected", "1 while the broker delivers events.", int(program.connected)),
        ("blind", "1 while workers live and no event comes.", int(program.blind)),
        ("ingestion_lag_seconds", "Seconds between the receipt of an event and its merging.", program.lag),
        ("last_event_age_seconds", "Seconds since the last event of any worker.", program.last_event_age),
        ("tasks_in_memory", "Tasks in memory.", program.tasks_in_memory),
        ("database_available", "1 while the history can be written.", _as_int(program.database_available)),
        ("database_lag_seconds", "How long the oldest change waits to be written.", program.database_lag),
        ("database_buffered", "Changes that wait to be written.", program.database_buffered),
        ("websocket_clients", "Connections to the WebSocket.", program.websocket_clients),
        ("websocket_feeds", "Different subscriptions of all connections.", program.websocket_feeds),
    ):
        yield from _gauge(f"celery_monitor_{name}", help_text, (), {(): value})
    for name, help_text, value in (
        ("events", "Events that were decoded.", program.events),
        ("events_malformed", "Messages and events that could not be read.", program.malformed),
        (
            "invalid_fields",
            "Fields of events that were left out because of their values.",
            program.invalid_fields,
        ),
        ("events_ignored", "Events of other applications, or about no task and no worker.", program.ignored),
        ("events_dropped", "Messages that came faster than they could be merged.", program.dropped),
        ("tasks_evicted", "Unfinished tasks that left the memory to make room.", program.evicted),
        (
            "database_dropped",
            "Changes that were dropped while the history was away.",
            program.database_dropped,
        ),
    ):
        if value is not None:
            yield from _counter(f"celery_monitor_{name}", help_text, (), {(): value})


def _of_alerts(alerts: AlertGauges) -> Iterator[str]:
    yield from _gauge(
        "celery_monitor_stuck_tasks",
        "Started tasks that run far too long, or whose worker is gone.",
        ("name",),
        {(name[:MAX_VALUE],): tasks for name, tasks in alerts.stuck.items()},
    )
    yield from _gauge(
        "celery_monitor_alerts_firing",
        "Alerts of the monitor itself that fire.",
        ("severity",),
        {(severity,): number for severity, number in alerts.firing.items()},
    )
    yield from _counter(
        "celery_monitor_alert_messages",
        "Messages about alerts that arrived.",
        ("channel",),
        {(channel.name,): channel.sent for channel in alerts.channels},
    )
    yield from _counter(
        "celery_monitor_alert_messages_failed",
        "Attempts to send a message about alerts that failed.",
        ("channel",),
        {(channel.name,): channel.failed for channel in alerts.channels},
    )
    yield from _gauge(
        "celery_monitor_alert_channel_failing",
        "1 while the last message of a channel did not arrive.",
        ("channel",),
        {(channel.name,): int(channel.failing) for channel in alerts.channels},
    )


def _as_int(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _gauge(
    name: str, help_text: str, labels: Sequence[str], values: Mapping[Key, float | None]
) -> Iterator[str]:
    return metric(MetricKind.GAUGE, name, help_text, labels, values)


def _counter(name: str, help_text: str, labels: Sequence[str], values: Mapping[Key, float]) -> Iterator[str]:
    return metric(MetricKind.COUNTER, f"{name}_total", help_text, labels, values)
