"""Rules about queues."""

from celery_health.alerts.comparison import Comparison, condition_is
from celery_health.alerts.measure import Above, Measure
from celery_health.alerts.rule import AlertSeverity, Program, Rule, Subject, Threshold


def _by_queue(metric: str) -> str:
    """A metric of the monitor by the labels of the operator's: celery-exporter calls the queue otherwise.

    Dead-letter queues are left out: no worker is meant to consume them.
    """
    series = f'{metric}{{queue_name!~".+[.]dead-letter"}}'
    return (
        f'max by (namespace, resource, queue) (label_replace({series}, "queue", "$1", "queue_name", "(.+)"))'
    )


_LONG = Comparison("celery_queue_messages_ready", ">", "@messages@", ("queue",))
_NOT_CONSUMED = condition_is("BacklogWithinLimits", False, reasons=("QueueNotConsumed", "NoWorkersDesired"))

RULES = (
    Rule(
        name="CeleryHighQueueDepth",
        subject=Subject.QUEUES,
        severity=AlertSeverity.WARNING,
        hold_seconds=10 * 60,
        programs=frozenset({Program.OPERATOR, Program.MONITOR}),
        expression=f"""
{_LONG}
or
{_by_queue("celery_queue_length")} > @messages@""",
        summary="A queue of @where@ is long",
        description="{{ if eq $value 1.0 }}1 message is{{ else }}{{ $value | printf `%.0f` }} messages are"
        "{{ end }} ready in queue {{ $labels.queue }} of @where@. The limit is @messages@.",
        thresholds=(Threshold("messages", 1000, "messages"),),
        operator=(_LONG,),
        monitor=(Above(Measure.READY_MESSAGES, "messages"),),
    ),
    Rule(
        name="CeleryQueueNotConsumed",
        subject=Subject.QUEUES,
        severity=AlertSeverity.CRITICAL,
        hold_seconds=10 * 60,
        programs=frozenset({Program.OPERATOR, Program.MONITOR}),
        expression=f"""
(
  {_by_queue("celery_queue_length")} > 0
  and
  {_by_queue("celery_active_worker_count")} == 0
)
or on (namespace, resource)
{_NOT_CONSUMED}""",
        summary="No worker consumes a queue of @where@",
        description="Messages wait in {{ with $labels.queue }}queue {{ . }}{{ else }}a queue{{ end }} "
        "of @where@, and no worker consumes it. Their tasks are not run.",
        operator=(_NOT_CONSUMED,),
        monitor=(Above(Measure.UNREAD_MESSAGES),),
    ),
    Rule(
        name="CeleryOldestWaitAboveTarget",
        subject=Subject.QUEUES,
        severity=AlertSeverity.WARNING,
        hold_seconds=5 * 60,
        programs=frozenset({Program.MONITOR}),
        expression=f"""
{_by_queue("celery_monitor_queue_oldest_wait_seconds")} > @seconds@""",
        summary="Tasks of @where@ wait too long",
        description="The oldest message in queue {{ $labels.queue }} of @where@ has waited for "
        "{{ $value | printf `%.0f` }} s. The target is @seconds@ s.",
        thresholds=(Threshold("seconds", 300, "seconds"),),
        monitor=(Above(Measure.OLDEST_WAIT_SECONDS, "seconds"),),
    ),
)
