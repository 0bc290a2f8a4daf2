"""Rules about beat and the broker."""

from celery_health.alerts.comparison import condition_is
from celery_health.alerts.measure import Above, Measure
from celery_health.alerts.rule import AlertSeverity, Program, Rule, Subject, Threshold

_DOUBLED = condition_is("BeatHealthy", False, reasons=("MultipleInstances",))
_LATE = condition_is("BeatHealthy", False, but=("MultipleInstances",))
_UNREACHABLE = condition_is("BrokerReachable", False)

RULES = (
    Rule(
        name="CeleryBeatLate",
        subject=Subject.BEAT_AND_BROKER,
        severity=AlertSeverity.CRITICAL,
        hold_seconds=5 * 60,
        programs=frozenset({Program.OPERATOR, Program.SIDECAR}),
        expression=f"""
{_LATE}
or
sum by (namespace, resource) (increase(celery_beat_liveness_failures_total[1h])) > @restarts@""",
        summary="Beat of @where@ is late or does not run",
        description="Beat of @where@ does not run, is late, or is restarted again and again. "
        "Periodic tasks are sent late or not at all.",
        thresholds=(Threshold("restarts", 3, "restarts an hour"),),
        operator=(_LATE,),
    ),
    Rule(
        name="CeleryBeatDoubled",
        subject=Subject.BEAT_AND_BROKER,
        severity=AlertSeverity.CRITICAL,
        hold_seconds=5 * 60,
        programs=frozenset({Program.OPERATOR, Program.SIDECAR}),
        expression=f"""
{_DOUBLED}
or
count by (namespace, resource) (celery_beat_started == 1) > 1""",
        summary="@where@ has more than one beat",
        description="More than one beat runs for @where@. Each beat sends every periodic task, so each of "
        "these tasks runs more than once.",
        operator=(_DOUBLED,),
    ),
    Rule(
        name="CeleryBrokerUnreachable",
        subject=Subject.BEAT_AND_BROKER,
        severity=AlertSeverity.CRITICAL,
        hold_seconds=2 * 60,
        programs=frozenset({Program.OPERATOR, Program.MONITOR}),
        # Where the operator reaches the broker and the monitor does not, the monitor is what is wrong.
        expression=f"""
{_UNREACHABLE}
or
(
  max by (namespace, resource) (celery_monitor_connected) == 0
  unless on (namespace, resource) celery_deployment_condition{{condition="BrokerReachable"}}
)""",
        summary="The broker of @where@ cannot be reached",
        description="The broker of @where@ does not answer, refuses the login or accepts no messages. "
        "No task is sent or run.",
        operator=(_UNREACHABLE,),
        monitor=(Above(Measure.NOT_CONNECTED),),
    ),
)
