"""All applications at once."""

from tools.dashboards.common import (
    NAMESPACE,
    RESOURCE,
    largest,
    named_queue,
    quantile,
    rate,
    share_of_failures,
    within_an_hour,
)
from tools.dashboards.panel import Dashboard, Kind, Panel, Query, Row, Unit

_BY = "namespace, resource"
_NAME = "{{namespace}} {{resource}}"
_STATE = 'namespace=~"$namespace", resource=~"$resource", state="{}"'

_CONSUMING = largest("celery_workers_consuming", f"{_BY}, group")
_ONLINE = largest("celery_monitor_workers_online", f"{_BY}, hostname")


def _applications(state: str) -> str:
    health = largest("celery_deployment_health", _BY, _STATE.format(state))
    return f"count({health} == 1) or vector(0)"


def _number_of(state: str, text: str) -> Panel:
    return Panel(state, text, (Query(_applications(state)),), Kind.NUMBER, width=4, height=4, red_from=1)


FLEET = Dashboard(
    uid="celery-fleet",
    title="Celery / Fleet",
    text="All applications: which one is unhealthy, and how much each one does.",
    variables=(NAMESPACE, RESOURCE),
    rows=(
        Row(
            "Health",
            (
                _number_of("Unhealthy", "Applications whose tasks are not run."),
                _number_of("Degraded", "Applications that work, but something is wrong."),
                _number_of("Unknown", "Applications of which the operator has no evidence."),
                Panel(
                    "Alerts that fire",
                    "Its runbook says what to do about each.",
                    (
                        Query(
                            "max by (alertname, severity, namespace, resource) "
                            '(ALERTS{alertname=~"Celery.+", alertstate="firing"})'
                        ),
                    ),
                    Kind.TABLE,
                    labels=("alertname", "severity", "namespace", "resource"),
                    height=8,
                ),
                Panel(
                    "Applications",
                    "The present health of each application with an operator.",
                    (Query(f"{largest('celery_deployment_health', f'{_BY}, state')} == 1"),),
                    Kind.TABLE,
                    labels=("namespace", "resource", "state"),
                    width=24,
                ),
            ),
        ),
        Row(
            "Work",
            (
                Panel(
                    "Consuming workers",
                    "By application. The monitor counts them where there is no operator.",
                    (
                        Query(
                            f"sum by ({_BY}) ({_CONSUMING}) or sum by ({_BY}) ({_ONLINE})",
                            _NAME,
                        ),
                    ),
                ),
                Panel(
                    "Ready messages",
                    "In all queues of an application.",
                    (
                        Query(
                            f"sum by ({_BY}) ({largest('celery_queue_messages_ready', f'{_BY}, queue')}) "
                            f"or sum by ({_BY}) ({named_queue('celery_queue_length')})",
                            _NAME,
                        ),
                    ),
                ),
                Panel(
                    "Started tasks",
                    "A retry counts again.",
                    (Query(rate("celery_task_started_total", _BY), _NAME),),
                    unit=Unit.PER_SECOND,
                ),
                Panel(
                    "Failed runs",
                    "In percent of the started runs.",
                    (Query(share_of_failures(_BY), _NAME),),
                    unit=Unit.PERCENT,
                ),
                Panel(
                    "Wait before the start, 95 %",
                    "Of tasks whose sender sends task-sent.",
                    (Query(quantile(0.95, "celery_task_queue_wait_time", _BY), _NAME),),
                    unit=Unit.SECONDS,
                ),
                Panel(
                    "Restarts within an hour",
                    "Of workers that were deaf, wedged or stalled, or had a dead pool.",
                    (Query(within_an_hour("celery_worker_liveness_failures_total", _BY), _NAME),),
                ),
            ),
        ),
    ),
)
