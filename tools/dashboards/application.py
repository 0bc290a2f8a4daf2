"""One application: its conditions, groups, queues, tasks and beat."""

from tools.dashboards.common import (
    NAMESPACE,
    RESOURCE,
    largest,
    named_queue,
    quantile,
    rate,
    share_of_failures,
    total,
    within_an_hour,
)
from tools.dashboards.panel import Dashboard, Kind, Panel, Query, Row, Unit

_CONDITIONS = Panel(
    "Conditions",
    "1 is True, 0 is False; Reconciling and Stalled are good at 0. A condition that is unknown is missing.",
    (Query(largest("celery_deployment_condition", "resource, condition, reason")),),
    Kind.TABLE,
    labels=("resource", "condition", "reason"),
    height=10,
)
_GROUPS = Panel(
    "Workers by group",
    "A group with fewer consuming than desired workers is short of workers.",
    (
        Query(largest("celery_workers_desired", "group"), "{{group}} desired"),
        Query(largest("celery_workers_ready", "group"), "{{group}} ready"),
        Query(largest("celery_workers_consuming", "group"), "{{group}} consuming"),
        Query(largest("celery_workers_draining", "group"), "{{group}} draining"),
    ),
    height=10,
)
_TASKS_IN_FLIGHT = Panel(
    "In-flight tasks by group",
    "Active tasks run. Reserved tasks wait for a slot. ETA tasks wait for their time.",
    (
        Query(largest("celery_tasks_active", "group"), "{{group}} active"),
        Query(largest("celery_tasks_reserved", "group"), "{{group}} reserved"),
        Query(largest("celery_tasks_eta", "group"), "{{group}} ETA"),
    ),
)
_LOAD = Panel(
    "Load of autoscaling",
    "Tasks that arrive, and tasks that one busy slot finishes, both smoothed.",
    (
        Query(largest("celery_tasks_arrival_rate", "group"), "{{group}} arrive"),
        Query(largest("celery_slot_throughput", "group"), "{{group}} finished by a slot"),
    ),
    unit=Unit.PER_SECOND,
)
_MEMORY = Panel(
    "Memory of the workers",
    "Main processes and their children, by group.",
    (
        Query(
            f"{total('celery_worker_memory_bytes', 'group')} "
            f"+ {total('celery_worker_children_memory_bytes', 'group')}",
            "{{group}}",
        ),
    ),
    unit=Unit.BYTES,
)
_DEATHS = Panel(
    "Restarts and deaths within an hour",
    "Liveness failures are restarts by the kubelet, evictions are restarts by the operator.",
    (
        Query(
            within_an_hour("celery_worker_liveness_failures_total", "group"),
            "{{group}} liveness failures",
        ),
        Query(
            within_an_hour("celery_operator_restarts_total", "group, reason"),
            "{{group}} evicted: {{reason}}",
        ),
        Query(
            within_an_hour("celery_worker_children_lost_total", "group"),
            "{{group}} lost children",
        ),
        Query(
            within_an_hour("celery_worker_tasks_lost_total", "group"),
            "{{group}} lost tasks",
        ),
    ),
)
_QUEUES = (
    Panel(
        "Ready messages by queue",
        "As the operator reads them, or the monitor.",
        (
            Query(
                f"{largest('celery_queue_messages_ready', 'namespace, resource, queue')} "
                f"or {named_queue('celery_queue_length')}",
                "{{queue}}",
            ),
        ),
    ),
    Panel(
        "Wait of the oldest message",
        "Known if the sender sends task-sent.",
        (Query(named_queue("celery_monitor_queue_oldest_wait_seconds"), "{{queue}}"),),
        unit=Unit.SECONDS,
    ),
)
_TASKS = (
    Panel(
        "Started tasks by name",
        "The ten with the most runs.",
        (Query(f"topk(10, {rate('celery_task_started_total', 'name')})", "{{name}}"),),
        unit=Unit.PER_SECOND,
    ),
    Panel(
        "Failed runs by name",
        "In percent of the started runs.",
        (Query(f"topk(10, {share_of_failures('name')})", "{{name}}"),),
        unit=Unit.PERCENT,
    ),
    Panel(
        "Runtime, 95 %, by name",
        "The ten slowest. Failed runs are not counted.",
        (Query(f"topk(10, {quantile(0.95, 'celery_task_runtime', 'name')})", "{{name}}"),),
        unit=Unit.SECONDS,
    ),
    Panel(
        "Failures by exception",
        "All tasks of the application.",
        (Query(f"topk(10, {rate('celery_task_failed_total', 'exception')})", "{{exception}}"),),
        unit=Unit.PER_SECOND,
    ),
)
_BEAT = (
    Panel(
        "Age of beat's last tick",
        "It should stay below the longest time between two ticks.",
        (
            Query(largest("celery_beat_tick_age_seconds", "resource"), "{{resource}}"),
            Query(largest("celery_beat_max_interval_seconds", "resource"), "{{resource}} longest"),
        ),
        unit=Unit.SECONDS,
    ),
    Panel(
        "Periodic tasks that beat sends",
        "Two lines for one application are two beats.",
        (Query(rate("celery_beat_tasks_sent_total", "resource, instance"), "{{resource}} {{instance}}"),),
        unit=Unit.PER_SECOND,
    ),
)

ONE_APPLICATION = Dashboard(
    uid="celery-application",
    title="Celery / Application",
    text="One application, or several that you choose: conditions, groups, queues, tasks and beat.",
    variables=(NAMESPACE, RESOURCE),
    rows=(
        Row("State", (_CONDITIONS, _GROUPS)),
        Row("Workers", (_TASKS_IN_FLIGHT, _LOAD, _MEMORY, _DEATHS)),
        Row("Queues", _QUEUES),
        Row("Tasks", _TASKS),
        Row("Beat", _BEAT),
    ),
)
