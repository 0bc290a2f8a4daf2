"""Rules about what becomes of tasks."""

from celery_health.alerts.measure import Above, Measure
from celery_health.alerts.rule import AlertSeverity, Program, Rule, Subject, Threshold

_BY_TASK = "sum by (namespace, resource, name)"


def _counted(part: str, window: str = "5m") -> str:
    """A rate of the task metrics of an application, by ``name``. The application chooses their prefix."""
    rate = f'rate({{__name__=~".+_background_job_{part}"}}[{window}])'
    return f'label_replace({rate}, "name", "$1", "task_name", "(.+)")'


RULES = (
    Rule(
        name="CeleryHighFailureRate",
        subject=Subject.TASKS,
        severity=AlertSeverity.WARNING,
        hold_seconds=10 * 60,
        programs=frozenset({Program.MONITOR, Program.SIDECAR}),
        expression=f"""
(
  100 * {_BY_TASK} (rate(celery_task_failed_total[5m]))
    / {_BY_TASK} (rate(celery_task_started_total[5m]))
  > @percent@
)
or
(
  100 * {_BY_TASK} ({_counted("failed_total")})
    / {_BY_TASK} ({_counted("started_total")})
  > @percent@
)""",
        summary="Many tasks of @where@ fail",
        description="{{ $value | humanize }} % of the runs of {{ $labels.name }} in @where@ have failed "
        "in the last 5 minutes. The limit is @percent@ %.",
        thresholds=(Threshold("percent", 10, "percent of the started runs"),),
        monitor=(Above(Measure.FAILURE_PERCENT, "percent"),),
    ),
    Rule(
        name="CelerySlowTasks",
        subject=Subject.TASKS,
        severity=AlertSeverity.WARNING,
        hold_seconds=15 * 60,
        programs=frozenset({Program.MONITOR, Program.SIDECAR}),
        # A window of 5 minutes would often be empty: tasks that take longer than that may be far apart.
        expression=f"""
histogram_quantile(
  0.95, sum by (namespace, resource, name, le) (rate(celery_task_runtime_bucket[15m]))
) > @seconds@
or
histogram_quantile(
  0.95, sum by (namespace, resource, name, le) ({_counted("duration_seconds_bucket", "15m")})
) > @seconds@""",
        summary="Tasks of @where@ run slowly",
        description="The slowest 5 % of the runs of {{ $labels.name }} in @where@ take "
        "{{ $value | printf `%.0f` }} s or more. The limit is @seconds@ s.",
        thresholds=(Threshold("seconds", 300, "seconds"),),
        monitor=(Above(Measure.SLOW_SECONDS, "seconds"),),
    ),
    Rule(
        name="CeleryTasksStuck",
        subject=Subject.TASKS,
        severity=AlertSeverity.WARNING,
        hold_seconds=2 * 60,
        programs=frozenset({Program.MONITOR}),
        expression="""
max by (namespace, resource, name) (celery_monitor_stuck_tasks) > 0""",
        summary="Tasks of @where@ are stuck",
        description="{{ if eq $value 1.0 }}1 started task {{ $labels.name }} of @where@ is stuck: it runs "
        "far longer than usual or than its time limit, or its worker is gone.{{ else }}"
        "{{ $value | printf `%.0f` }} started tasks {{ $labels.name }} of @where@ are stuck: they run far "
        "longer than usual or than their time limit, or their workers are gone.{{ end }}",
        monitor=(Above(Measure.STUCK_TASKS),),
    ),
)
