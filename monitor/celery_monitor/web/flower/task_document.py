"""A task as Flower shows it."""

from pydantic import Field

from celery_health.times import iso_time
from celery_monitor.records import states
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.web.models.base import Document

_TIME = "Unix time in seconds."


class FlowerTask(Document):
    """A task. Null: it did not happen, or it is unknown."""

    uuid: str = Field(description="The id of the task.")
    name: str | None = Field(description="Its name.")
    state: str = Field(description="Its state.")
    received: float | None = Field(description="When a worker received it. " + _TIME)
    sent: float | None = Field(description="When it was sent. " + _TIME)
    started: float | None = Field(description="When its last run began. " + _TIME)
    rejected: float | None = Field(description="When it was rejected. " + _TIME)
    succeeded: float | None = Field(description="When it succeeded. " + _TIME)
    failed: float | None = Field(description="When it failed. " + _TIME)
    retried: float | None = Field(description="When it was last retried. " + _TIME)
    revoked: float | None = Field(description="When it was revoked. " + _TIME)
    args: str | None = Field(description="Its arguments as the worker shows them.")
    kwargs: str | None = Field(description="Its keyword arguments as the worker shows them.")
    eta: str | None = Field(description="When it may start. ISO 8601.")
    expires: str | None = Field(description="When it expires. ISO 8601.")
    retries: int | None = Field(description="How many retries there were.")
    worker: str | None = Field(description="The worker of its last run.")
    result: str | None = Field(description="Its result as the worker shows it.")
    exception: str | None = Field(description="Its exception as the worker shows it.")
    timestamp: float | None = Field(description="When its state changed. " + _TIME)
    runtime: float | None = Field(description="Seconds that its last run took.")
    traceback: str | None = Field(description="Its traceback; in a list always null.")
    exchange: str | None = Field(description="The exchange that it was sent to.")
    routing_key: str | None = Field(description="Its routing key.")
    clock: int = Field(description="The logical clock of its last event.")
    client: str | None = Field(description="The process that sent it.")
    root: str | None = Field(description="The first task of its workflow.")
    root_id: str | None = Field(description="The first task of its workflow.")
    parent: str | None = Field(description="The task that sent it.")
    parent_id: str | None = Field(description="The task that sent it.")
    children: list[str] = Field(description="The tasks that it sent; in a list always empty.")


def flower_task(record: TaskRecord, children: tuple[str, ...] = ()) -> FlowerTask:
    """The task with Flower's fields. Flower knows no LOST or UNREPORTED: such a task is still STARTED."""
    started = record.state in states.CONCLUDED_STATES
    return FlowerTask(
        uuid=record.id,
        name=record.name,
        state=states.STARTED if started else record.state,
        received=record.received,
        sent=record.sent,
        started=record.started,
        rejected=_at(record, states.REJECTED),
        succeeded=_at(record, states.SUCCESS),
        failed=_at(record, states.FAILURE),
        retried=_retried(record),
        revoked=_at(record, states.REVOKED),
        args=record.args,
        kwargs=record.kwargs,
        eta=iso_time(record.eta),
        expires=iso_time(record.expires),
        retries=record.retries,
        worker=record.worker,
        result=record.result,
        exception=record.exception,
        timestamp=record.state_time or None,
        runtime=record.runtime,
        traceback=record.traceback,
        exchange=record.exchange,
        routing_key=record.routing_key,
        clock=record.clock,
        client=record.sender,
        root=record.root_id,
        root_id=record.root_id,
        parent=record.parent_id,
        parent_id=record.parent_id,
        children=list(children),
    )


def _at(record: TaskRecord, state: str) -> float | None:
    return (record.finished or record.state_time) if record.state == state else None


def _retried(record: TaskRecord) -> float | None:
    if record.state == states.RETRY:
        return record.state_time
    ends = [run.finished for run in record.runs if run.outcome == states.RETRY and run.finished is not None]
    return max(ends, default=None)
