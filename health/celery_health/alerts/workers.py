"""Rules about workers and their groups."""

from celery_health.alerts.comparison import UNKNOWN_WORKERS, Comparison, Conjunction, Matcher, condition_is
from celery_health.alerts.measure import Above, Measure
from celery_health.alerts.rule import AlertSeverity, Program, Rule, Subject, Threshold

_NONE_CONSUMES = Conjunction(
    Comparison("celery_workers_consuming", "==", "0", ("group",)),
    (
        ("and", Comparison("celery_workers_desired", ">", "0", ("group",))),
        # They may well consume: CelerySidecarUnreachable and CeleryAgentAbsent report the missing evidence.
        ("unless", Comparison(UNKNOWN_WORKERS, ">", "0", ("group",))),
    ),
)
_UNREACHABLE = Comparison(
    UNKNOWN_WORKERS, ">", "0", ("group",), (Matcher("reason", ("SidecarUnreachable",)),)
)
_NO_AGENT = condition_is("AgentsReporting", False)
_AT_MAXIMUM = condition_is("ScalingActive", True, reasons=("AtMaxReplicas",))
_DRAIN_OVERDUE = Comparison("celery_workers_drain_overdue_seconds", ">", "@seconds@", ("group",))
_POISON = Comparison(
    "celery_recent_deaths",
    ">",
    "0",
    matchers=(Matcher("kind", ("poison_tasks",)),),
    same_as=("PoisonTask",),
)
_DEAD_LETTERS = Comparison("celery_dead_letter_messages", ">", "0", ("queue",))

RULES = (
    Rule(
        name="CeleryWorkersDown",
        subject=Subject.WORKERS,
        severity=AlertSeverity.CRITICAL,
        hold_seconds=5 * 60,
        programs=frozenset({Program.OPERATOR, Program.MONITOR}),
        # Where an operator knows how many workers are desired, the monitor has no say: zero may be intended.
        # celery_worker_up ends 10 minutes after a worker went, so its absence counts like a 0.
        expression=f"""
{_NONE_CONSUMES}
or
(
  max by (namespace, resource) (celery_monitor_connected) == 1
  unless on (namespace, resource) celery_worker_up == 1
  unless on (namespace, resource) celery_workers_desired
)""",
        summary="No worker of @where@ is consuming",
        description="No worker{{ with $labels.group }} in group {{ . }}{{ end }} of @where@ is consuming. "
        "Tasks wait in the queues, and none of them runs.",
        operator=(_NONE_CONSUMES,),
        monitor=(Above(Measure.NO_WORKER),),
    ),
    Rule(
        name="CeleryWorkersRestartRepeatedly",
        subject=Subject.WORKERS,
        severity=AlertSeverity.WARNING,
        hold_seconds=0,
        programs=frozenset({Program.OPERATOR, Program.SIDECAR}),
        expression="""
sum by (namespace, resource, group) (increase(celery_worker_liveness_failures_total[1h])) > @restarts@
or
sum by (namespace, resource, group) (increase(celery_operator_restarts_total[1h])) > @restarts@""",
        summary="Workers of @where@ are restarted again and again",
        description="More than @restarts@ times within an hour, a worker in group {{ $labels.group }} of "
        "@where@ had to be restarted: it was deaf, wedged or stalled, or its pool was dead. "
        "Restarts do not remove the cause.",
        thresholds=(Threshold("restarts", 3, "restarts an hour"),),
        only_prometheus="Neither the monitor nor the operator knows the restarts of the last hour.",
    ),
    Rule(
        name="CeleryAgentAbsent",
        subject=Subject.WORKERS,
        severity=AlertSeverity.WARNING,
        hold_seconds=10 * 60,
        programs=frozenset({Program.OPERATOR}),
        expression=f"""
{_NO_AGENT}""",
        summary="Workers of @where@ do not report",
        description="At least one worker of @where@ has no agent, or its report cannot be read. "
        "The operator cannot see whether that worker consumes, and does not heal it.",
        operator=(_NO_AGENT,),
    ),
    Rule(
        name="CelerySidecarUnreachable",
        subject=Subject.WORKERS,
        severity=AlertSeverity.WARNING,
        hold_seconds=10 * 60,
        programs=frozenset({Program.OPERATOR}),
        expression=f"""
{_UNREACHABLE}""",
        summary="Sidecars of @where@ do not answer the operator",
        description="{{ if eq $value 1.0 }}The sidecar of 1 pod in group {{ $labels.group }} of @where@ does "
        "not answer the operator. The operator cannot see whether that worker consumes, and cannot drain or "
        "heal it.{{ else }}The sidecars of {{ $value | printf `%.0f` }} pods in group {{ $labels.group }} of "
        "@where@ do not answer the operator. The operator cannot see whether those workers consume, and "
        "cannot drain or heal them.{{ end }}",
        operator=(_UNREACHABLE,),
    ),
    Rule(
        name="CeleryGroupAtMaximum",
        subject=Subject.WORKERS,
        severity=AlertSeverity.WARNING,
        hold_seconds=30 * 60,
        programs=frozenset({Program.OPERATOR}),
        expression=f"""
{_AT_MAXIMUM}""",
        summary="A group of @where@ is at its maximum and needs more workers",
        description="A group of @where@ has maxReplicas pods, and its load needs more. "
        "Its tasks wait longer than the target of its autoscaling.",
        operator=(_AT_MAXIMUM,),
    ),
    Rule(
        name="CeleryDrainOverdue",
        subject=Subject.WORKERS,
        severity=AlertSeverity.WARNING,
        hold_seconds=0,
        programs=frozenset({Program.OPERATOR}),
        expression=f"""
{_DRAIN_OVERDUE}""",
        summary="A worker of @where@ does not finish its drain",
        description="A pod in group {{ $labels.group }} of @where@ is still draining, "
        "{{ $value | printf `%.0f` }} s after drainTimeoutSeconds and gracePeriodSeconds have passed. "
        "It should be gone.",
        thresholds=(Threshold("seconds", 120, "seconds"),),
        operator=(_DRAIN_OVERDUE,),
    ),
    Rule(
        name="CeleryPoisonTask",
        subject=Subject.WORKERS,
        severity=AlertSeverity.WARNING,
        hold_seconds=0,
        programs=frozenset({Program.OPERATOR}),
        expression=f"""
{_POISON}""",
        summary="A task kills the workers of @where@",
        description="Pool children or workers of @where@ die again and again while they run the same task. "
        "Tasks that run beside it in the same worker are lost or run again.",
        operator=(_POISON,),
    ),
    Rule(
        name="CeleryDeadLetters",
        subject=Subject.WORKERS,
        severity=AlertSeverity.WARNING,
        hold_seconds=15 * 60,
        programs=frozenset({Program.OPERATOR}),
        expression=f"""
{_DEAD_LETTERS}""",
        summary="Messages of @where@ wait in the dead-letter queue",
        description="{{ if eq $value 1.0 }}1 message of a poison task waits in queue {{ $labels.queue }}. "
        "No worker runs its task until a person puts the message back or drops it.{{ else }}"
        "{{ $value | printf `%.0f` }} messages of poison tasks wait in queue {{ $labels.queue }}. "
        "No worker runs their tasks until a person puts the messages back or drops them.{{ end }}",
        operator=(_DEAD_LETTERS,),
    ),
)
