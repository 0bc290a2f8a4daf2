"""Keeps cancels: orders workers to revoke tasks, and again when they start, until the tasks have ended."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from celery_monitor.control.cancels.due import Order, Sent, due_orders
from celery_monitor.control.cancels.neighbour import Neighbour
from celery_monitor.control.duty import Duty
from celery_monitor.history.errors import HistoryError
from celery_monitor.history.history import History
from celery_monitor.live.live import Live
from celery_monitor.records.requests import RequestedCancel
from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError

KEPT_SECONDS = 30 * 86_400.0
"""A cancel is given up after this time: Celery has no sign that a message no longer exists."""
_PAUSE_SECONDS = 1.0
_LEASE_SECONDS = 15.0
_REST = 20
"""How many times as long as reading the open cancels took, they are not read again: there may be many."""


class CancelKeeper:
    """Of several monitors with one database, the one that has the lease sends again.

    Each monitor sends the cancels that it is asked for once itself, at once.
    """

    def __init__(
        self, history: History, live: Live, remote_control: RemoteControl, neighbour: Neighbour
    ) -> None:
        self._history = history
        self._live = live
        self._remote = remote_control
        self._neighbour = neighbour
        self._duty = Duty(history, "cancels", _LEASE_SECONDS, live.clock)
        self._new: list[RequestedCancel] = []
        self._awake = asyncio.Event()
        self._open: Sequence[RequestedCancel] = ()
        self._read_at = 0.0
        self._all_at: float | None = None
        self._by_worker: dict[str, float] = {}

    async def keep(self, cancels: Sequence[RequestedCancel]) -> None:
        """Store cancels and have them sent.

        Raises:
            HistoryUnavailableError: they are not stored, and not sent.
        """
        await self._history.cancels.add(cancels)
        self.send(cancels)

    def send(self, cancels: Sequence[RequestedCancel]) -> None:
        """Have cancels sent that are stored already."""
        self._new.extend(cancels)
        self._awake.set()

    async def run(self) -> None:
        """Keep cancels for ever."""
        try:
            while True:
                await self.pass_once()
                try:
                    async with asyncio.timeout(_PAUSE_SECONDS):
                        await self._awake.wait()
                except TimeoutError:
                    pass
                self._awake.clear()
        finally:
            await self._neighbour.close()

    async def pass_once(self) -> None:
        """Send what has to be sent now."""
        new, self._new = self._new, []
        online = {worker.name: worker.since for worker in self._live.known_workers if worker.online}
        for order in due_orders(new, {}, Sent(self._live.clock(), {}), self._live.clock()):
            await self._send(order, online)
            self._read_at = 0.0
        # What was read before stays right until the database answers again.
        with suppress(HistoryError):
            await self._refresh()
        if not self._duty.held:
            self._open, self._all_at = (), None
            self._neighbour.offer(())
            return
        self._neighbour.offer([cancel.task_id for cancel in self._open])
        await self._send_due(online)

    async def _refresh(self) -> None:
        now, cancels = self._live.clock(), self._history.cancels
        if not await self._duty.hold() or now < self._read_at:
            return
        await cancels.close_ended(now)
        await cancels.expire(now - KEPT_SECONDS, now)
        self._open = await cancels.open()
        self._read_at = now + _REST * (self._live.clock() - now)

    async def _send_due(self, online: dict[str, float]) -> None:
        now = self._live.clock()
        sent = Sent(self._all_at, self._by_worker)
        reached: set[str] = set()
        for order in due_orders(self._open, online, sent, now):
            is_sent = await self._send(order, online)
            if order.first:
                self._read_at = 0.0
            elif is_sent:
                reached |= set(order.workers if order.workers is not None else online)
                self._all_at = now if order.workers is None else self._all_at
        if not self._open:
            # There is nothing that any worker could have missed.
            self._all_at, reached = now, set(online)
        self._by_worker = {name: at for name, at in self._by_worker.items() if name in online}
        self._by_worker |= dict.fromkeys(reached, now)

    async def _send(self, order: Order, online: dict[str, float]) -> bool:
        workers = order.workers
        if workers is None and self._live.is_ours is not None:
            workers = tuple(online)  # workers of other applications are left alone
        if workers == ():
            return False  # a cancel that no worker received is not noted as sent
        arguments = {"task_id": order.task_ids, "terminate": order.terminate, "signal": order.signal}
        cancels, problem = self._history.cancels, None
        try:
            answers = await self._remote.order("revoke", arguments, workers, answered=order.first)
        except RemoteControlError as error:
            problem = str(error)
        try:
            if problem is not None:
                await cancels.note_problem(order.task_ids, problem)
                return False
            await cancels.note_sent(
                order.task_ids, self._live.clock(), _problem(answers) if order.first else None
            )
        except HistoryError:
            pass
        return problem is None


def _problem(answers: Any) -> str | None:
    """Why a worker does not do what it was ordered, as a sentence."""
    for worker, answer in answers.items():
        error = answer.get("error") if isinstance(answer, dict) else None
        if error is None:
            continue
        if "NotImplementedError" in str(error):
            return (
                f"The pool of worker {worker} cannot end a running task: the task runs to its end, and is "
                "not run again."
            )
        return f"Worker {worker} answered: {error}."
    return None
