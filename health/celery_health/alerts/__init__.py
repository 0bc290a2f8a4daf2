"""The alert rules, each once: Prometheus rules, runbooks and docs are generated from these tables.

The rules aggregate by ``namespace`` and ``resource``: the labels that the chart's ServiceMonitor and
PodMonitors, or a scrape configuration, give to each target. So an alert survives a new leader of the operator
and a new pod of the monitor.
"""

from celery_health.alerts import beat_and_broker, monitor, operator, queues, tasks, workers
from celery_health.alerts.rule import Rule, RuleGroup, Subject

GROUPS: tuple[RuleGroup, ...] = (
    RuleGroup(Subject.WORKERS, workers.RULES),
    RuleGroup(Subject.TASKS, tasks.RULES),
    RuleGroup(Subject.QUEUES, queues.RULES),
    RuleGroup(Subject.BEAT_AND_BROKER, beat_and_broker.RULES),
    RuleGroup(Subject.OPERATOR, operator.RULES),
    RuleGroup(Subject.MONITOR, monitor.RULES),
)

RULES: tuple[Rule, ...] = tuple(rule for group in GROUPS for rule in group.rules)
