"""Does confirmed actions in parts. After a restart it goes on where the database says that it was.

Of several monitors with one database, one does this.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import msgspec

from celery_monitor.control.bulk.proposing import RETRIED
from celery_monitor.control.cancels.keeper import CancelKeeper
from celery_monitor.control.duty import Duty
from celery_monitor.control.refused import RefusedError
from celery_monitor.control.retries.build import Given, RetryBuilder
from celery_monitor.control.rules import cancel_refusal
from celery_monitor.control.submit import Delivery, Submission, Submitter
from celery_monitor.history.errors import HistoryError
from celery_monitor.history.history import History
from celery_monitor.live.known_tasks import KnownTasks
from celery_monitor.records.bulk import Bulk, BulkAction, BulkItem, ItemState
from celery_monitor.records.requests import RequestedCancel, RequestedRetry

_PAUSE_SECONDS = 1.0
_LEASE_SECONDS = 60.0
_CANCELS = 200
_RETRIES = 20
"""Of one part. Where a message cannot be sent twice without harm, a part is one message."""
_UNKNOWN = "The history no longer has the task."
_ENDED = "The monitor ended while it was sending the retry."
_UNCERTAIN = (
    "The broker does not show whether it has the message: check the new task, and retry the task alone if it "
    "was not sent."
)


class BulkRunner:
    """Runs as long as the monitor."""

    def __init__(
        self,
        *,
        history: History,
        tasks: KnownTasks,
        keeper: CancelKeeper,
        builder: RetryBuilder,
        submitter: Submitter,
        clock: Callable[[], float],
    ) -> None:
        self._history = history
        self._tasks = tasks
        self._keeper = keeper
        self._builder = builder
        self._submitter = submitter
        self._clock = clock
        self._duty = Duty(history, "bulk", _LEASE_SECONDS, clock)
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """There is something to do."""
        self._awake.set()

    async def run(self) -> None:
        """Do what is confirmed, for ever."""
        while True:
            busy = False
            with suppress(HistoryError):  # the database has where to go on
                busy = await self.part()
            if not busy:
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(_PAUSE_SECONDS):
                await self._awake.wait()
        except TimeoutError:
            pass
        self._awake.clear()

    async def part(self) -> bool:
        """Do one part of the oldest action that needs not wait. False if there is none."""
        running = await self._history.bulks.running()
        if not running or not await self._duty.hold():
            return False
        for bulk in running:
            if await self._part_of(bulk):
                return True
        return False

    async def _part_of(self, bulk: Bulk) -> bool:
        """False if the action has to wait for the broker, or is another monitor's."""
        size = _CANCELS if bulk.action is BulkAction.CANCEL else self._retries_at_once
        items = await self._history.bulks.next_items(bulk.id, size)
        if not items:
            await self._history.bulks.finish(bulk.id, self._clock())
            return True
        if bulk.action is BulkAction.CANCEL:
            await self._cancel(bulk, items)
            return True
        return await self._retry(bulk, items)

    @property
    def _retries_at_once(self) -> int:
        return _RETRIES if self._submitter.sends_once else 1

    async def _cancel(self, bulk: Bulk, items: Sequence[BulkItem]) -> None:
        requested, changed = [], []
        for item in items:
            record = await self._tasks.record(item.task_id)
            why = _UNKNOWN if record is None else cancel_refusal(record)
            if why is not None:
                changed.append(_refused(item, why))
                continue
            changed.append(msgspec.structs.replace(item, state=ItemState.DONE))
            requested.append(
                RequestedCancel(
                    task_id=item.task_id,
                    at=self._clock(),
                    identity=bulk.identity,
                    terminate=bulk.terminate,
                    signal=bulk.signal,
                )
            )
        async with self._history.changing() as session:
            await self._history.cancels.add_in(session, requested)
            await self._history.bulks.change_in(session, bulk.id, changed)
        self._keeper.send(requested)

    async def _retry(self, bulk: Bulk, items: Sequence[BulkItem]) -> bool:
        begun = [item for item in items if item.state is ItemState.SENDING]
        if begun and not self._submitter.sends_once:
            await self._history.bulks.change(
                bulk.id,
                [
                    msgspec.structs.replace(
                        item, state=ItemState.UNCERTAIN, problem=f"{item.problem or _ENDED} {_UNCERTAIN}"
                    )
                    for item in begun
                ],
            )
            return True
        messages, changed = [], []
        for item in items:
            try:
                messages.append((item, await self._submission(item)))
            except RefusedError as error:
                changed.append(_refused(item, str(error)))
        reserved = await self._reserve(bulk, messages, changed)
        if not reserved:
            return reserved is not None
        deliveries = await self._submitter.deliver([submission for _, submission in reserved])
        return await self._note(bulk, [item for item, _ in reserved], deliveries)

    async def _submission(self, item: BulkItem) -> Submission:
        record = await self._tasks.record(item.task_id)
        if record is None:
            raise RefusedError(_UNKNOWN)
        submission = await self._builder.submission(record, Given())
        return replace(submission, task_id=item.new_id or str(uuid4()))

    async def _reserve(
        self, bulk: Bulk, messages: Sequence[tuple[BulkItem, Submission]], changed: list[BulkItem]
    ) -> list[tuple[BulkItem, Submission]] | None:
        """Store the new ids before anything is sent, and leave out tasks that another request has retried.

        None: making the messages took so long that another monitor has the duty, and may have sent them.
        """
        history, kept, links = self._history, [], []
        async with history.changing() as session:
            if not await self._duty.hold_in(session):
                return None
            retried = await history.retries.latest_in(session, [item.task_id for item, _ in messages])
            for item, submission in messages:
                if item.state is ItemState.SENDING:
                    kept.append((item, submission))
                    continue
                if item.task_id in retried:
                    changed.append(_refused(item, RETRIED))
                    continue
                assert submission.task_id is not None
                sending = msgspec.structs.replace(
                    item, state=ItemState.SENDING, new_id=submission.task_id, problem=None
                )
                kept.append((sending, submission))
                changed.append(sending)
                links.append(
                    RequestedRetry(
                        task_id=submission.task_id,
                        retry_of=item.task_id,
                        at=self._clock(),
                        identity=bulk.identity,
                    )
                )
            await history.retries.add_in(session, links)
            await history.bulks.change_in(session, bulk.id, changed)
        return kept

    async def _note(self, bulk: Bulk, items: Sequence[BulkItem], deliveries: Sequence[Delivery]) -> bool:
        """Store what became of the messages. False if the rest has to wait for the broker."""
        changed, sent, not_sent, waits = [], [], [], False
        for item, delivery in zip(items, deliveries, strict=True):
            assert item.new_id is not None
            if delivery.problem is None:
                sent.append(item.new_id)
                changed.append(msgspec.structs.replace(item, state=ItemState.DONE, problem=None))
                continue
            if not delivery.certain:
                # It is sent again if that does no harm; otherwise it is uncertain.
                waits = True
                changed.append(msgspec.structs.replace(item, problem=delivery.problem))
                continue
            not_sent.append(item.new_id)
            waits = waits or not delivery.permanent
            state = ItemState.REFUSED if delivery.permanent else ItemState.WAITING
            changed.append(msgspec.structs.replace(item, state=state, new_id=None, problem=delivery.problem))
        history = self._history
        async with history.changing() as session:
            if len(sent) < len(items) and not await self._duty.hold_in(session):
                return False  # another monitor goes on with these ids, and may have sent them
            await history.retries.note_sent_in(session, sent, self._clock())
            await history.retries.remove_in(session, not_sent)
            await history.bulks.change_in(session, bulk.id, changed)
        return not waits


def _refused(item: BulkItem, why: str) -> BulkItem:
    return msgspec.structs.replace(item, state=ItemState.REFUSED, problem=why)
