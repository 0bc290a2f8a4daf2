"""Makes the monitor's own alerts from its settings."""

from types import MappingProxyType

from celery_health.alerts.measure import Measure
from celery_monitor.alerts.channels.opening import open_channels
from celery_monitor.alerts.keeper import AlertKeeper
from celery_monitor.alerts.stuck import StuckTasks, time_limits
from celery_monitor.alerts.watch import Watch
from celery_monitor.alerts.wording import ALL_RULES, Wording
from celery_monitor.events.merge import Merger
from celery_monitor.history import History
from celery_monitor.live.live import Live
from celery_monitor.live.why.history_tasks import HistoryTasks
from celery_monitor.settings import Settings

_NAMESPACE, _RESOURCE = "namespace", "resource"
_NAMES = frozenset({_NAMESPACE, _RESOURCE})


def make_alerts(
    settings: Settings, live: Live, merger: Merger, history: History, tasks: HistoryTasks
) -> AlertKeeper:
    """The keeper of the alerts. Nothing runs yet."""
    given = settings.alert_rules
    for rule in given.rules:
        if any(above.measure is Measure.SLOW_SECONDS for above in rule.monitor):
            live.windows.slow_seconds = rule.thresholds[0].default
    stuck = StuckTasks(history, tasks.runtime, time_limits(settings.connection.app), live.clock)
    watch = Watch(
        live,
        merger,
        history,
        stuck,
        in_cluster=settings.access.push_token is not None,
        ignored=settings.ignored_queues,
    )
    return AlertKeeper(
        history,
        watch,
        open_channels(settings.alerts),
        lambda: _wording(settings, live),
        rules=given.rules,
        repeat_seconds=given.repeat_seconds,
        clock=live.clock,
    )


def _wording(settings: Settings, live: Live) -> Wording:
    """How alerts are written now: the application's name comes with the first push of an operator.

    Until then silences with its name count: all alerts of a monitor are of one application.
    """
    given, connection, push = settings.alert_rules, settings.connection, live.push
    application: dict[str, str] = {}
    in_cluster = settings.access.push_token is not None
    if push is not None:
        application = {_NAMESPACE: push.namespace, _RESOURCE: push.name}
        command = f"kubectl celery status {push.name} -n {push.namespace}"
    elif connection.app is not None:
        application = {_RESOURCE: str(connection.app.main or connection.name)}
        command = f"celery -A {connection.name} health"
    else:
        command = "celery -A APP health"
    return Wording(
        rules=MappingProxyType(dict(ALL_RULES) | {rule.name: rule for rule in given.rules}),
        application=application,
        unknown=_NAMES if in_cluster and push is None else frozenset(),
        command=command,
        page_url=given.page_url,
        runbook_url=given.runbook_url,
    )
