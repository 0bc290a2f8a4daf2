"""Rules about the monitor."""

from celery_health.alerts.comparison import condition_is
from celery_health.alerts.measure import Above, Measure
from celery_health.alerts.rule import AlertSeverity, Program, Rule, Subject, Threshold

_NOT_READY = condition_is("MonitorReady", False)

RULES = (
    Rule(
        name="CeleryMonitorNotReady",
        subject=Subject.MONITOR,
        severity=AlertSeverity.WARNING,
        hold_seconds=10 * 60,
        programs=frozenset({Program.OPERATOR, Program.MONITOR}),
        expression=f"""
{_NOT_READY}
or
max by (namespace, resource) (up{{job="celery-monitor"}}) == 0
or
max by (namespace, resource) (celery_monitor_database_available) == 0""",
        summary="The monitor of @where@ does not work",
        description="The monitor of @where@ does not run, is not ready, or cannot write its history. "
        "Alerts about tasks and waiting times may be silent.",
        operator=(_NOT_READY,),
        monitor=(Above(Measure.HISTORY_AWAY),),
    ),
    Rule(
        name="CeleryMonitorBlind",
        subject=Subject.MONITOR,
        severity=AlertSeverity.WARNING,
        hold_seconds=5 * 60,
        programs=frozenset({Program.MONITOR}),
        expression="""
max by (namespace, resource) (celery_monitor_blind) == 1""",
        summary="The monitor of @where@ sees no events",
        description="Workers of @where@ are running, but none of their events reaches the monitor. "
        "Its history has a gap, and alerts about tasks stay silent.",
        monitor=(Above(Measure.BLIND),),
    ),
    Rule(
        name="CeleryMonitorLosesEvents",
        subject=Subject.MONITOR,
        severity=AlertSeverity.WARNING,
        hold_seconds=0,
        programs=frozenset({Program.MONITOR}),
        expression="""
sum by (namespace, resource) (increase(celery_monitor_events_dropped_total[10m])) > 0
or
sum by (namespace, resource) (increase(celery_monitor_database_dropped_total[10m])) > 0
or
sum by (namespace, resource) (clamp_min(delta(celery_monitor_missed_tasks[10m]), 0)) > @tasks@""",
        summary="The monitor of @where@ loses events",
        description="In the last 10 minutes the monitor of @where@ has lost events or changes of its "
        "history. Some tasks are missing from the history or seem unfinished.",
        thresholds=(Threshold("tasks", 10, "starts and ends of runs without an event, in 10 minutes"),),
        monitor=(Above(Measure.DROPPED_EVENTS), Above(Measure.MISSED_EVENTS, "tasks")),
    ),
)
