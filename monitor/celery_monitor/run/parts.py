"""Makes the parts of one monitor from its settings, and connects them. Nothing runs yet."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from celery_health.urls import BrokerUrl, UrlError
from celery_health.verdicts.thresholds import FleetThresholds
from celery_monitor.control.actions import Actions
from celery_monitor.control.application import CeleryApplication
from celery_monitor.control.enable_events import EventSwitch
from celery_monitor.events.intake import Intake
from celery_monitor.events.merge import Merger
from celery_monitor.events.receivers import Receiver
from celery_monitor.events.receivers.opening import open_receiver
from celery_monitor.history import History
from celery_monitor.history.database.address import parse_address
from celery_monitor.live.blindness import blind, not_connected
from celery_monitor.live.live import Live
from celery_monitor.live.polling import Polling
from celery_monitor.live.why.history_tasks import HistoryTasks
from celery_monitor.live.why.service import Why
from celery_monitor.metrics.exposition import Exposition
from celery_monitor.metrics.gauges import ProgramGauges
from celery_monitor.run.alerts import make_alerts
from celery_monitor.run.check_log import CheckLog
from celery_monitor.run.flushing import Flusher
from celery_monitor.run.ownership import Ownership
from celery_monitor.run.problem import StartError
from celery_monitor.run.restoring import WAIT_SECONDS, Restorer
from celery_monitor.run.supervisor import Supervisor
from celery_monitor.settings import Settings
from celery_monitor.settings.effective import Resource
from celery_monitor.settings.own import OwnSettings
from celery_monitor.web.identity.kubernetes_api import ApiServer
from celery_monitor.web.identity.session_file import SessionFile
from celery_monitor.web.push import PushReceiver
from celery_monitor.web.services import Check, Services, open_access
from celery_monitor.web.updates.feeds.feed import Sources
from celery_monitor.web.updates.hub import Hub


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs, and what the web reads."""

    services: Services
    supervisor: Supervisor
    flusher: Flusher


def make_parts(settings: Settings, history: History, clock: Callable[[], float]) -> Parts:
    """The parts of a monitor with this history.

    Raises:
        StartError: the broker carries no events.
    """
    connection, push_token = settings.connection, settings.access.push_token
    receiver = make_receiver(settings)
    live = Live(
        connection.queues,
        by_group=push_token is not None,
        is_ours=settings.is_ours if settings.worker_patterns else None,
        clock=clock,
    )
    merger = Merger(
        on_worker=live.on_worker,
        on_task=live.on_task,
        accept=Ownership(settings.is_ours, live).accepts if settings.worker_patterns else None,
    )
    intake = Intake(receiver, merger, wait_seconds=WAIT_SECONDS)
    live.follow(merger.workers, merger.mark_lost, receiver)
    application = application_of(settings)
    switch = EventSwitch(live, application.remote_control)
    flusher = Flusher(merger, live, history)
    restorer = Restorer(merger, live, history, on_tried=intake.begin)
    supervisor = Supervisor()
    supervisor.add("The receiver of events", intake.run)
    supervisor.add("The writer of the history", flusher.run)
    supervisor.add("The deletion of old tasks", history.keep_deleting)
    supervisor.add("The reader of unfinished tasks", restorer.run)
    polling = Polling(live, connection, application.remote_control, settings.management_url)
    supervisor.add("The reader of queues and workers", polling.run)
    supervisor.add("The switch of task events", switch.run)
    events = Check(name="events", problem=lambda: blind(live.sight()), restart_helps=True)
    task_events = Check(name="task events", problem=switch.problem)
    supervisor.add("The log of checks", CheckLog((events, task_events)).run)
    updates = Hub(Sources(history=history, live=live, recent_task=merger.get, clock=clock))
    supervisor.add("The live updates", updates.run)
    checks = (
        Check(name="broker", problem=lambda: not_connected(live.sight())),
        events,
        task_events,
        Check(name="history", problem=lambda: history.status().problem),
        Check(name="parts", problem=supervisor.problem),
    )
    tasks = HistoryTasks(history, merger.get, clock)
    actions = Actions.of(application, history, live, merger.get)
    alerts = make_alerts(settings, live, merger, history, tasks)
    supervisor.add("The keeper of alerts", alerts.run)
    exposition = Exposition(
        live.counts,
        live.worker_gauges,
        live.queue_gauges,
        lambda: _gauges(receiver, intake, history, updates, live),
        alerts.gauges,
    )
    supervisor.add("The keeper of cancels", actions.keeper.run)
    supervisor.add("The runner of actions on many tasks", actions.bulk_runner.run)
    why = Why(
        live,
        tasks,
        connection,
        broker_problem=lambda: not_connected(live.sight()),
        on_end=lambda record, ended: merger.learn_end(record, ended, clock()),
        ask=application.remote_control.ask,
    )
    services = Services(
        server=settings.server,
        access=open_access(
            settings.access,
            redis=_redis_of(connection.broker),
            review=ApiServer().review,
            session_file=_session_file(settings),
            clock=clock,
        ),
        history=history,
        live=live,
        why=why.answer,
        recent_task=merger.get,
        updates=updates,
        settings=OwnSettings(settings, (lambda: _resource(live)) if push_token else None),
        application=application,
        actions=actions,
        alerts=alerts,
        checks=checks,
        metrics=exposition.blocks,
        push=PushReceiver(token=push_token, take=live.on_push, requests=live.group_requests, clock=clock)
        if push_token
        else None,
        clock=clock,
    )
    return Parts(services, supervisor, flusher)


def make_receiver(settings: Settings) -> Receiver:
    """The receiver of the broker's events.

    Raises:
        StartError: the broker carries no events.
    """
    connection = settings.connection
    exchange = "celeryev" if connection.app is None else str(connection.app.conf.event_exchange)
    try:
        return open_receiver(
            connection.broker,
            exchange=exchange,
            key_prefix=connection.naming.key_prefix,
            fanout_prefix=connection.fanout_prefix,
        )
    except UrlError as error:
        raise StartError(f"The URL of the broker cannot be used: {error}") from None


def application_of(settings: Settings) -> CeleryApplication:
    """The application, judged by the thresholds of the settings."""
    return CeleryApplication.of(
        settings.connection,
        settings.submit_tasks,
        FleetThresholds(backlog=settings.backlog_threshold),
        settings.management_url,
        settings.ignored_queues,
    )


def _resource(live: Live) -> Resource:
    return Resource() if live.push is None else Resource(live.push.namespace, live.push.name)


def _redis_of(broker: BrokerUrl) -> BrokerUrl | None:
    """Where rate limits are counted."""
    return broker if broker.kind.is_redis else None


def _session_file(settings: Settings) -> SessionFile | None:
    """Beside the file of the history, which belongs to this monitor alone."""
    file = parse_address(settings.history.url).file
    return None if file is None else SessionFile(Path(f"{file}.sessions"))


def _gauges(receiver: Receiver, intake: Intake, history: History, updates: Hub, live: Live) -> ProgramGauges:
    counters, status, sight = intake.merger.counters, history.status(), live.sight()
    return ProgramGauges(
        connected=receiver.connected,
        blind=blind(sight) is not None,
        events=counters.events,
        malformed=counters.malformed + counters.oversized + counters.unsupported,
        invalid_fields=counters.invalid_fields,
        ignored=counters.ignored,
        dropped=counters.dropped,
        evicted=counters.evicted,
        tasks_in_memory=len(intake.merger),
        lag=intake.lag,
        last_event_age=None if sight.last_event is None else max(0.0, sight.now - sight.last_event),
        database_available=status.available,
        database_lag=status.lag_seconds,
        database_buffered=status.buffered,
        database_dropped=status.dropped,
        websocket_clients=updates.clients,
        websocket_feeds=len(updates.feeds),
    )
