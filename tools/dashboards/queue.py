"""One queue."""

from tools.dashboards.common import APPLICATION, NAMESPACE, QUEUE, RESOURCE, largest, quantile, rate
from tools.dashboards.panel import Dashboard, Kind, Panel, Query, Row, Unit

_OF_OPERATOR = f'{APPLICATION}, queue="$queue"'
_OF_MONITOR = f'{APPLICATION}, queue_name="$queue"'
_BY = "namespace, resource"
_NAME = "{{namespace}} {{resource}}"
_READY = (
    f"{largest('celery_queue_messages_ready', _BY, _OF_OPERATOR)} "
    f"or {largest('celery_queue_length', _BY, _OF_MONITOR)}"
)


def _number(
    title: str,
    text: str,
    expression: str,
    unit: Unit = Unit.NUMBER,
    *,
    red_from: float | None = None,
    red_below: float | None = None,
) -> Panel:
    return Panel(
        title,
        text,
        (Query(expression),),
        Kind.NUMBER,
        unit,
        width=6,
        height=4,
        red_from=red_from,
        red_below=red_below,
    )


ONE_QUEUE = Dashboard(
    uid="celery-queue",
    title="Celery / Queue",
    text="One queue: how much waits, for how long, and who takes it.",
    variables=(NAMESPACE, RESOURCE, QUEUE),
    rows=(
        Row(
            "Now",
            (
                _number("Ready messages", "Over all priorities.", f"max({_READY})"),
                _number(
                    "Wait of the oldest message",
                    "Known if its sender sends task-sent.",
                    f"max({largest('celery_monitor_queue_oldest_wait_seconds', _BY, _OF_MONITOR)})",
                    Unit.SECONDS,
                    red_from=300,
                ),
                _number(
                    "Workers",
                    "Online workers that consume the queue.",
                    f"max({largest('celery_active_worker_count', _BY, _OF_MONITOR)})",
                    red_below=1,
                ),
                _number(
                    "Slots",
                    "Tasks of the queue that can run at a time.",
                    f"max({largest('celery_active_process_count', _BY, _OF_MONITOR)})",
                ),
            ),
        ),
        Row(
            "Messages",
            (
                Panel(
                    "Ready and unacknowledged messages",
                    "Unacknowledged messages are with workers; Redis does not show them by queue.",
                    (
                        Query(_READY, f"{_NAME} ready"),
                        Query(
                            largest("celery_monitor_queue_unacknowledged", _BY, _OF_MONITOR),
                            f"{_NAME} unacknowledged",
                        ),
                    ),
                ),
                Panel(
                    "Sent and fetched tasks",
                    "The queue grows while more are sent than fetched. Sent ones are known by task-sent.",
                    (
                        Query(rate("celery_task_sent_total", _BY, _OF_MONITOR), f"{_NAME} sent"),
                        Query(rate("celery_task_received_total", _BY, _OF_MONITOR), f"{_NAME} fetched"),
                    ),
                    unit=Unit.PER_SECOND,
                ),
                Panel(
                    "Wait before the start",
                    "Half of the tasks, and 95 % of them, start within this time.",
                    (
                        Query(
                            quantile(0.5, "celery_task_queue_wait_time", _BY, _OF_MONITOR), f"{_NAME} 50 %"
                        ),
                        Query(
                            quantile(0.95, "celery_task_queue_wait_time", _BY, _OF_MONITOR), f"{_NAME} 95 %"
                        ),
                    ),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    "How long the queue has not been empty, and has not shrunk",
                    "A queue that does not shrink has no consumer, or receives more than its workers take.",
                    (
                        Query(
                            largest("celery_queue_nonempty_seconds", _BY, _OF_OPERATOR), f"{_NAME} not empty"
                        ),
                        Query(
                            largest("celery_queue_not_shrinking_seconds", _BY, _OF_OPERATOR),
                            f"{_NAME} not shrunk",
                        ),
                    ),
                    unit=Unit.SECONDS,
                ),
            ),
        ),
        Row(
            "Tasks",
            (
                Panel(
                    "Started tasks by name",
                    "The ten with the most runs.",
                    (
                        Query(
                            f"topk(10, {rate('celery_task_started_total', 'name', _OF_MONITOR)})", "{{name}}"
                        ),
                    ),
                    unit=Unit.PER_SECOND,
                ),
                Panel(
                    "Runtime, 95 %, by name",
                    "Long tasks in front of short ones need a queue of their own.",
                    (
                        Query(
                            f"topk(10, {quantile(0.95, 'celery_task_runtime', 'name', _OF_MONITOR)})",
                            "{{name}}",
                        ),
                    ),
                    unit=Unit.SECONDS,
                ),
            ),
        ),
    ),
)
