"""One task, by its name."""

from tools.dashboards.common import (
    APPLICATION,
    NAMESPACE,
    RESOURCE,
    TASK,
    quantile,
    rate,
    share_of_failures,
    within_an_hour,
)
from tools.dashboards.panel import Dashboard, Kind, Panel, Query, Row, Unit

_WHERE = f'{APPLICATION}, name="$name"'
_COUNTED = f'{APPLICATION}, task_name="$name"'
_OUTCOMES = ("sent", "received", "started", "succeeded", "failed", "retried", "revoked", "rejected")
_QUANTILES = ((0.5, "50 %"), (0.95, "95 %"), (0.99, "99 %"))


def _counted(part: str) -> str:
    """Task metrics of the application, whose prefix it chooses."""
    return f'{{__name__=~".+_background_job_{part}", {_COUNTED}}}'


def _rate_counted(part: str, by: str) -> str:
    return f"sum by ({by}) (rate({_counted(part)}[$__rate_interval]))"


def _quantiles(metric: str) -> tuple[Query, ...]:
    return tuple(
        Query(quantile(share, metric, "resource", _WHERE), f"{{{{resource}}}} {name}")
        for share, name in _QUANTILES
    )


ONE_TASK = Dashboard(
    uid="celery-task",
    title="Celery / Task",
    text="One task by its name: how often it runs, what becomes of it, and how long it takes.",
    variables=(NAMESPACE, RESOURCE, TASK),
    rows=(
        Row(
            "Runs",
            (
                Panel(
                    "What becomes of the task",
                    "A retry counts again as started.",
                    tuple(
                        Query(
                            rate(f"celery_task_{outcome}_total", "resource", _WHERE),
                            f"{{{{resource}}}} {outcome}",
                        )
                        for outcome in _OUTCOMES
                    ),
                    unit=Unit.PER_SECOND,
                ),
                Panel(
                    "Failed runs",
                    "In percent of the started runs.",
                    (Query(share_of_failures("resource", _WHERE), "{{resource}}"),),
                    unit=Unit.PERCENT,
                ),
                Panel(
                    "Failures by exception",
                    "The screen Failures of the monitor shows the line that raises it.",
                    (Query(rate("celery_task_failed_total", "exception", _WHERE), "{{exception}}"),),
                    unit=Unit.PER_SECOND,
                ),
                Panel(
                    "Started runs by group",
                    "Outside a cluster, by host.",
                    (Query(rate("celery_task_started_total", "hostname", _WHERE), "{{hostname}}"),),
                    unit=Unit.PER_SECOND,
                ),
            ),
        ),
        Row(
            "Time",
            (
                Panel(
                    "Runtime", "Of runs that succeeded.", _quantiles("celery_task_runtime"), unit=Unit.SECONDS
                ),
                Panel(
                    "Wait before the start",
                    "Of tasks whose sender sends task-sent.",
                    _quantiles("celery_task_queue_wait_time"),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    "Runtimes",
                    "The darker, the more runs took this long.",
                    (
                        Query(
                            rate("celery_task_runtime_bucket", "le", _WHERE),
                            "{{le}}",
                        ),
                    ),
                    Kind.HEATMAP,
                    Unit.SECONDS,
                    width=24,
                ),
            ),
        ),
        Row(
            "As the application counts its tasks",
            (
                Panel(
                    "What becomes of the task",
                    "Of applications with task metrics. No event is needed, so none is missing.",
                    tuple(
                        Query(_rate_counted(f"{part}_total", "resource"), f"{{{{resource}}}} {part}")
                        for part in ("started", "completed", "failed", "retried")
                    ),
                    unit=Unit.PER_SECOND,
                ),
                Panel(
                    "Failures by exception",
                    "Of applications with task metrics.",
                    (Query(_rate_counted("failed_total", "error_type"), "{{error_type}}"),),
                    unit=Unit.PER_SECOND,
                ),
                Panel(
                    "Runtime",
                    "Of runs that succeeded, in applications with task metrics.",
                    tuple(
                        Query(
                            f"histogram_quantile({share}, "
                            f"{_rate_counted('duration_seconds_bucket', 'resource, le')})",
                            f"{{{{resource}}}} {name}",
                        )
                        for share, name in _QUANTILES
                    ),
                    unit=Unit.SECONDS,
                    width=24,
                ),
            ),
        ),
        Row(
            "Faults",
            (
                Panel(
                    "Run twice, or lost with a worker",
                    "Within an hour. A task that runs twice should be idempotent.",
                    (
                        Query(
                            within_an_hour("celery_task_run_twice_total", "resource", _WHERE),
                            "{{resource}} run twice",
                        ),
                        Query(
                            within_an_hour("celery_task_lost_total", "resource", _WHERE),
                            "{{resource}} lost",
                        ),
                    ),
                    width=24,
                ),
            ),
        ),
    ),
)
