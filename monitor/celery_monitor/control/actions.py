"""Everything that callers can have done to tasks, queues and workers."""

from collections.abc import Callable
from dataclasses import dataclass

from celery_monitor.control.application import CeleryApplication
from celery_monitor.control.bulk.proposing import BulkRequests
from celery_monitor.control.bulk.runner import BulkRunner
from celery_monitor.control.cancels.keeper import CancelKeeper
from celery_monitor.control.cancels.neighbour import Neighbour
from celery_monitor.control.cancels.requests import CancelRequests
from celery_monitor.control.messages.requests import MessageRequests
from celery_monitor.control.retries.build import RetryBuilder
from celery_monitor.control.retries.requests import RetryRequests
from celery_monitor.control.workers import WorkerOrders
from celery_monitor.history.history import History
from celery_monitor.live.group_requests import GroupRequests
from celery_monitor.live.known_tasks import KnownTasks
from celery_monitor.live.live import Live
from celery_monitor.records.tasks import TaskRecord


@dataclass(frozen=True, kw_only=True)
class Actions:
    """The actions on one application. ``keeper`` and ``bulk_runner`` have to run."""

    keeper: CancelKeeper
    cancels: CancelRequests
    retries: RetryRequests
    bulk: BulkRequests
    bulk_runner: BulkRunner
    messages: MessageRequests
    workers: WorkerOrders
    groups: GroupRequests

    @classmethod
    def of(
        cls,
        application: CeleryApplication,
        history: History,
        live: Live,
        recent_task: Callable[[str], TaskRecord | None],
    ) -> "Actions":
        """The actions. Nothing connects yet."""
        tasks = KnownTasks(history, recent_task)
        neighbour = Neighbour(application.connection)
        keeper = CancelKeeper(history, live, application.remote_control, neighbour)
        builder, submitter = RetryBuilder(application.connection, live), application.submitter
        return cls(
            keeper=keeper,
            cancels=CancelRequests(tasks, history, keeper, live.clock),
            retries=RetryRequests(tasks, history, builder, submitter, live.clock),
            bulk=BulkRequests(history, application.connection, live.clock),
            messages=MessageRequests(application.connection, live.clock),
            workers=WorkerOrders(
                live,
                application.remote_control,
                lambda name: live.known_workers.ask_again(name, live.clock()),
            ),
            groups=live.group_requests,
            bulk_runner=BulkRunner(
                history=history,
                tasks=tasks,
                keeper=keeper,
                builder=builder,
                submitter=submitter,
                clock=live.clock,
            ),
        )
