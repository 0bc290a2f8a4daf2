"""From what the monitor knows of one task to the facts of the question. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from celery_health.survey.task.holder import TaskReplies
from celery_health.survey.task.result import TaskResult
from celery_health.survey.task.search import Searched
from celery_health.verdicts.fleet import poison_tasks
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS
from celery_health.why.facts import (
    BlockingTask,
    Held,
    Holder,
    Outcome,
    Place,
    Queue,
    Sources,
    TaskFacts,
)
from celery_health.wire.resource_push import ResourcePush
from celery_monitor.live.views import QueueView, WorkerView
from celery_monitor.live.why.pushed import deaf_consumers, fault_of, group_of
from celery_monitor.live.why.tasks import Percentile
from celery_monitor.records import states
from celery_monitor.records.requests import RequestedCancel
from celery_monitor.records.tasks import TaskRecord

_OUTCOMES: Mapping[str, Outcome] = {
    states.SUCCESS: Outcome.SUCCEEDED,
    states.FAILURE: Outcome.FAILED,
    states.REVOKED: Outcome.REVOKED,
    states.REJECTED: Outcome.REJECTED,
}
_NO_SOURCES = Sources()
_NO_REPLIES = TaskReplies()
_NOWHERE = Place()
# States in which no worker has the task, besides the final ones.
_NOT_HELD = frozenset({states.PENDING, states.RETRY, *states.CONCLUDED_STATES, *_OUTCOMES})


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that the monitor has found out for one question; None where it has not, or could not.

    ``holder``: the worker that has the task by its record. ``active``: what that worker is running.
    ``queue``: the task's queue, or the one in which its message was found; ``consumers``: its workers.
    ``replies``: of all workers; ``left``: that worker does not have the task any more.
    ``succeeded_as``: the retry of a person that succeeded. ``push``: what the operator says of now.
    ``sources``: how far they reach, but for ``searched`` and ``result``.
    """

    task_id: str
    now: float
    record: TaskRecord | None = None
    runtime: Percentile | None = None
    holder: WorkerView | None = None
    rate_limit: str | None = None
    active: Sequence[TaskRecord] = ()
    queue: QueueView | None = None
    consumers: Sequence[WorkerView] = ()
    searched: Searched | None = None
    result: TaskResult | None = None
    replies: TaskReplies = _NO_REPLIES
    left: bool = False
    cancel: RequestedCancel | None = None
    succeeded_as: str | None = None
    push: ResourcePush | None = None
    place: Place = _NOWHERE
    sources: Sources = _NO_SOURCES


def queue_name(record: TaskRecord | None, searched: Searched | None) -> str | None:
    """Where the message was found, or else where it was sent."""
    if searched is not None and searched.found is not None and searched.found.queue is not None:
        return searched.found.queue
    return None if record is None else record.queue


def is_held(record: TaskRecord | None) -> bool:
    """Whether a worker has the task, by its record."""
    return record is not None and record.worker is not None and record.state not in _NOT_HELD


def facts(known: Known) -> TaskFacts:
    """The facts of the task. ``known`` is what ``with_result`` gives."""
    record = known.record or TaskRecord(id=known.task_id)
    found = None if known.searched is None else known.searched.found
    waits = known.left or (found is not None and found.queue is not None)
    quarantine, deaths = known.replies.quarantine, known.replies.deaths
    result = known.result or TaskResult()
    comes_back = record.state == states.REJECTED and _is_back(known)
    outcome = None if comes_back else _OUTCOMES.get(record.state)
    left = comes_back or (known.left and is_held(known.record))
    name = queue_name(known.record, known.searched)
    return TaskFacts(
        id=known.task_id,
        now=known.now,
        name=record.name or (found.message.name if found and found.message else None) or result.name,
        sent=record.sent,
        received=record.received,
        started=record.started,
        finished=record.finished,
        eta=record.eta,
        expires=record.expires,
        outcome=outcome,
        error=record.exception,
        worker=record.worker,
        result_kept=_result_kept(outcome, result),
        lost_with=record.worker if record.state == states.LOST else None,
        end_missing=record.state == states.UNREPORTED,
        revoke_reason=record.reason,
        p99=None if known.runtime is None else known.runtime.p99,
        p99_runs=0 if known.runtime is None else known.runtime.runs,
        **_cancel(known.cancel),
        quarantined=_is_quarantined(known) or quarantine is not None,
        not_moved=quarantine.problem if quarantine is not None and quarantine.waiting else "",
        deaths=sum(one.count for one in deaths.victims() if one.id == known.task_id),
        poison=poison_tasks.of_task(known.task_id, deaths, DEFAULT_FLEET_THRESHOLDS),
        left_by=record.worker if left else None,
        dead_letter_queue=None if found is None else found.dead_letter_queue,
        unacknowledged=None if found is None else found.unacknowledged,
        retries=record.retries,
        awaits_retry=_awaits_retry(record, known.now),
        succeeded_as=known.succeeded_as,
        run_twice=record.run_twice,
        holder=None if waits or not is_held(known.record) else _holder(known, record),
        queue=None if name is None or outcome is not None else _queue(known, name),
        group=None if name is None or known.push is None else group_of(known.push, name),
        place=known.place,
        sources=replace(
            known.sources,
            backend=result.asked,
            not_searched=() if known.searched is None else known.searched.not_searched,
        ),
    )


def _is_back(known: Known) -> bool:
    """Whether the broker or a worker has the message of a rejected task: no event says that it goes back."""
    found = None if known.searched is None else known.searched.found
    in_broker = found is not None and (found.queue is not None or found.unacknowledged is True)
    return in_broker or _is_quarantined(known) or known.replies.quarantine is not None


def with_result(known: Known) -> Known:
    """With the end of which no event came, where the result backend knows it."""
    record, result = known.record or TaskRecord(id=known.task_id), known.result or TaskResult()
    if record.state in _OUTCOMES or result.state is None or not _is_later(result, record):
        return known
    if result.state not in _OUTCOMES or _is_only_ordered(known.cancel, result, record):
        return known
    ended = msgspec.structs.replace(
        record,
        state=result.state,
        worker=result.worker or record.worker,
        finished=result.done_at,
        exception=result.exception,
        retries=max(record.retries, result.retries),
    )
    return replace(known, record=ended, holder=None)


def _is_only_ordered(cancel: RequestedCancel | None, result: TaskResult, record: TaskRecord) -> bool:
    """A worker stores REVOKED as soon as it is ordered to revoke a task, which may still wait or run."""
    is_open = cancel is not None and cancel.ended is None
    return is_open and result.state == states.REVOKED and record.state != states.UNREPORTED


def _is_later(result: TaskResult, record: TaskRecord) -> bool:
    """Whether the result is one of the last run: a result stays while its task runs again."""
    begun = record.started or record.received or record.sent
    return begun is None or (result.done_at is not None and result.done_at >= begun)


def _awaits_retry(record: TaskRecord, now: float) -> bool:
    """A worker receives the message of a retry at once, and keeps it until its ETA."""
    fetched = record.state == states.RECEIVED and record.retries > 0 and _held(record, now, None) is Held.ETA
    return record.state == states.RETRY or fetched


def _result_kept(outcome: Outcome | None, result: TaskResult) -> bool | None:
    if outcome is not Outcome.SUCCEEDED or result.asked is None:
        return None
    return result.state is not None


def _is_quarantined(known: Known) -> bool:
    pods = () if known.push is None else known.push.pods
    return any(pod.worker is not None and known.task_id in pod.worker.quarantined for pod in pods)


def _cancel(cancel: RequestedCancel | None) -> dict[str, Any]:
    """Who asked to cancel the task, unless the task had ended before it was revoked."""
    if cancel is None or cancel.outcome not in {None, states.REVOKED}:
        return {}
    return {
        "revoke_ordered": cancel.ended is None,
        "revoked_by": cancel.identity,
        "revoke_asked": cancel.at,
        "revoke_sends": cancel.sends,
    }


def _holder(known: Known, record: TaskRecord) -> Holder:
    assert record.worker is not None
    view = known.holder
    fault, restarting = fault_of(known.push, record.worker)
    held = _held(record, known.now, known.rate_limit)
    active = [one for one in known.active if one.id != record.id]
    active.sort(key=lambda one: one.started or known.now)
    return Holder(
        worker=record.worker,
        held=held,
        since=record.started or record.received,
        slots=None if view is None else view.slots,
        blocking=tuple(_blocking(one, known.now) for one in active) if held is Held.RESERVED else (),
        rate_limit=known.rate_limit if held is Held.UNKNOWN else None,
        fault=fault,
        restarting=restarting,
        online=None if view is None else view.online,
    )


def _held(record: TaskRecord, now: float, rate_limit: str | None) -> Held:
    if record.state != states.RECEIVED:
        return Held.ACTIVE  # STARTED, or a custom state of the task itself
    if record.eta is not None and record.eta > now:
        return Held.ETA
    return Held.RESERVED if rate_limit is None else Held.UNKNOWN


def _blocking(task: TaskRecord, now: float) -> BlockingTask:
    age = None if task.started is None else max(0.0, now - task.started)
    return BlockingTask(task.id, task.name or "", age)


def _queue(known: Known, name: str) -> Queue:
    found = None if known.searched is None else known.searched.found
    view, consumers, all_known = known.queue, known.consumers, known.sources.workers_known
    slots = [worker.slots for worker in consumers]
    in_queue = found is not None and found.queue == name
    searched_all = found is not None and found.complete and found.queue is None
    return Queue(
        name=name,
        ready=None if view is None else view.ready,
        ahead=_ahead(known, in_queue=in_queue),
        at_least=False,
        found=True if in_queue else (False if searched_all else None),
        consumers=None if view is None else view.consumers,
        workers=tuple(worker.name for worker in consumers) if consumers or all_known else None,
        deaf=deaf_consumers(known.push, consumers),
        slots=sum(slot or 0 for slot in slots) if slots and None not in slots else None,
        rate=None if view is None else view.out_rate,
    )


def _ahead(known: Known, *, in_queue: bool) -> int | None:
    if in_queue and known.searched is not None and known.searched.found is not None:
        return known.searched.found.ahead
    return None
