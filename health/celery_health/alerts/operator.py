"""Rules about the operator."""

from celery_health.alerts.measure import Above, Measure
from celery_health.alerts.rule import AlertSeverity, Program, Rule, Subject, Threshold

RULES = (
    Rule(
        name="CeleryOperatorAbsent",
        subject=Subject.OPERATOR,
        severity=AlertSeverity.CRITICAL,
        hold_seconds=5 * 60,
        programs=frozenset({Program.OPERATOR}),
        expression="""
absent(celery_operator_leader == 1)""",
        summary="No celery-operator is the leader",
        description="No operator is the leader, or Prometheus does not reach it. Workers continue, but "
        "nothing scales or replaces them, and most other Celery alerts are silent.",
        monitor=(Above(Measure.OPERATOR_SILENT),),
    ),
    Rule(
        name="CeleryOperatorFailing",
        subject=Subject.OPERATOR,
        severity=AlertSeverity.WARNING,
        hold_seconds=10 * 60,
        programs=frozenset({Program.OPERATOR}),
        expression="""
100 * sum by (namespace, resource, reconcile) (increase(celery_operator_reconcile_errors_total[10m]))
  / sum by (namespace, resource, reconcile) (increase(celery_operator_reconciles_total[10m]))
> @percent@""",
        summary="The operator fails to reconcile @where@",
        description="{{ $value | humanize }} % of the reconciles ({{ $labels.reconcile }}) of @where@ have "
        "ended with an error in the last 10 minutes. Its status may be outdated, and its workers may not be "
        "scaled or healed.",
        thresholds=(Threshold("percent", 50, "percent of the reconciles"),),
        only_prometheus="An operator that fails cannot be relied on to report it.",
    ),
)
