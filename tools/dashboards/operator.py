"""The programs of this product themselves: operator and monitors."""

from tools.dashboards.common import NAMESPACE, RESOURCE, largest, rate, within_an_hour
from tools.dashboards.panel import Dashboard, Kind, Panel, Query, Row, Unit

_BY = "namespace, resource"
_NAME = "{{namespace}} {{resource}}"


def _reconcile_time(share: float) -> str:
    by_bucket = "sum by (reconcile, le) (rate(celery_operator_reconcile_seconds_bucket[$__rate_interval]))"
    return f"histogram_quantile({share}, {by_bucket})"


_OPERATOR = (
    Panel(
        "Operators that lead",
        "Exactly one should.",
        (Query("sum(celery_operator_leader) or vector(0)"),),
        Kind.NUMBER,
        width=6,
        red_below=1,
    ),
    Panel(
        "Reconciles",
        "Health reconciles write the status, heal and scale. Object reconciles apply the spec.",
        (Query(rate("celery_operator_reconciles_total", "reconcile"), "{{reconcile}}"),),
        unit=Unit.PER_SECOND,
        width=9,
    ),
    Panel(
        "Failed reconciles",
        "In percent. The log of the operator has the errors.",
        (
            Query(
                f"100 * {rate('celery_operator_reconcile_errors_total', f'{_BY}, reconcile')} "
                f"/ ({rate('celery_operator_reconciles_total', f'{_BY}, reconcile')} > 0)",
                f"{_NAME} {{{{reconcile}}}}",
            ),
        ),
        unit=Unit.PERCENT,
        width=9,
    ),
    Panel(
        "Duration of a reconcile",
        "Half of them, and 95 % of them, take no longer.",
        (
            Query(_reconcile_time(0.5), "{{reconcile}} 50 %"),
            Query(_reconcile_time(0.95), "{{reconcile}} 95 %"),
        ),
        unit=Unit.SECONDS,
    ),
    Panel(
        "Evictions within an hour",
        "Workers that the operator replaced, by the reason.",
        (
            Query(
                within_an_hour("celery_operator_restarts_total", f"{_BY}, reason"),
                f"{_NAME} {{{{reason}}}}",
            ),
        ),
    ),
    Panel(
        "Writes to the API server",
        "Statuses that were written, and Events that could not be posted.",
        (
            Query("sum(rate(celery_operator_status_writes_total[$__rate_interval]))", "status writes"),
            Query("sum(rate(celery_operator_events_lost_total[$__rate_interval]))", "lost Events"),
        ),
        unit=Unit.PER_SECOND,
    ),
    Panel(
        "Pushes to the monitors",
        "A failed push is repeated.",
        (Query(rate("celery_operator_monitor_pushes_total", f"{_BY}, result"), f"{_NAME} {{{{result}}}}"),),
        unit=Unit.PER_SECOND,
    ),
)
_MONITOR = (
    Panel(
        "State of the monitors",
        "Connected should be 1, blind 0, and the database available.",
        (
            Query(largest("celery_monitor_connected", _BY), f"{_NAME} connected"),
            Query(largest("celery_monitor_blind", _BY), f"{_NAME} blind"),
            Query(largest("celery_monitor_database_available", _BY), f"{_NAME} database"),
        ),
    ),
    Panel(
        "Events",
        "What the monitors decode.",
        (Query(rate("celery_monitor_events_total", _BY), _NAME),),
        unit=Unit.PER_SECOND,
    ),
    Panel(
        "Lost and unreadable events",
        "Dropped events came faster than they could be merged.",
        (
            Query(rate("celery_monitor_events_dropped_total", _BY), f"{_NAME} dropped"),
            Query(rate("celery_monitor_events_malformed_total", _BY), f"{_NAME} malformed"),
            Query(rate("celery_monitor_database_dropped_total", _BY), f"{_NAME} not written"),
        ),
        unit=Unit.PER_SECOND,
    ),
    Panel(
        "Lag",
        "From an event to its arrival, and from a change to its writing.",
        (
            Query(largest("celery_monitor_ingestion_lag_seconds", _BY), f"{_NAME} events"),
            Query(largest("celery_monitor_database_lag_seconds", _BY), f"{_NAME} history"),
        ),
        unit=Unit.SECONDS,
    ),
    Panel(
        "In memory",
        "Tasks, and changes that wait to be written.",
        (
            Query(largest("celery_monitor_tasks_in_memory", _BY), f"{_NAME} tasks"),
            Query(largest("celery_monitor_database_buffered", _BY), f"{_NAME} changes"),
        ),
    ),
    Panel(
        "Live updates",
        "Connections to the WebSocket.",
        (Query(largest("celery_monitor_websocket_clients", _BY), _NAME),),
    ),
)

OPERATOR = Dashboard(
    uid="celery-operator",
    title="Celery / Operator and monitors",
    text="The programs that run and watch Celery: whether they work, and what they cost the cluster.",
    variables=(NAMESPACE, RESOURCE),
    rows=(Row("Operator", _OPERATOR), Row("Monitors", _MONITOR)),
)
