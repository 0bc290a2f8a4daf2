"""Sends tasks and causes faults meanwhile, waits until all have ended, and compares."""

import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from celery import Celery
from redis import Redis

from tools.ledger.ending import is_over, lines_of, still_open
from tools.ledger.executions import Kill
from tools.ledger.flapping import Flapping
from tools.ledger.judge import Faults, Result, judge
from tools.ledger.ledger_tasks import KEY, PUBLISH_POLICY, STARTED_KEY, transport_options
from tools.ledger.plan import LIMITED, REVOKED, Sender, Sent
from tools.ledger.processes import Monitor, Worker
from tools.ledger.stand import PREFORK, REDIS, Plan, Stand, stand
from tools.testbed.waiting import wait_for

# How many tasks are sent while a killed worker is away.
_SENT_MEANWHILE = 20
# How many tasks may wait to be started.
_AHEAD = 60
# How long a worker may need to receive the last tasks that are to be revoked.
_REVOKE_SECONDS = 60.0
# Several times the visibility timeout of the tasks: a message that comes again has come by then.
_STANDSTILL_SECONDS = 60.0
# How long a monitor may need to notice that a worker is gone, or that an event is missing.
_SETTLE_SECONDS = 120.0


def compare(
    folder: Path, plan: Plan, *, patience: float = 300.0, say: Callable[[str], None] = lambda _: None
) -> dict[str, Result]:
    """Run one comparison: what each monitor's history is worth, by the kind of its database.

    ``patience``: seconds until all tasks must have ended after the last was sent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with stand(folder, plan) as world:
        app = Celery("sender", broker=world.broker_url, backend=world.result_url)
        app.conf.update(
            task_send_sent_event=True,
            task_publish_retry_policy=PUBLISH_POLICY,
            broker_transport_options=transport_options(world.broker_url),
        )
        ledger: Any = Redis.from_url(world.ledger_url)
        course = _Course(world, app, ledger, plan, patience)
        try:
            course.run(say)
            course.wait_until_over(say)
            return {
                database: replace(_judged(monitor, course, ledger), grown=course.grown(monitor))
                for database, monitor in zip(plan.databases, world.monitors, strict=True)
            }
        finally:
            app.close()
            ledger.close()


class _Course:
    """Sends the tasks and causes the faults. ``sent`` and ``kills``: what has happened so far."""

    def __init__(self, world: Stand, app: Celery, ledger: Any, plan: Plan, patience: float) -> None:
        self.world = world
        self.plan = plan
        self.sent: list[Sent] = []
        self.kills: list[Kill] = []
        self._chance = random.Random(plan.seed)
        self._app = app
        self._ledger = ledger
        self._patience = patience
        self._to_revoke: list[str] = []
        self._away: tuple[int, Worker] | None = None
        self._memory: dict[str, list[int]] = {}

    def run(self, say: Callable[[str], None]) -> None:
        """Send all tasks, as fast as the workers start them."""
        plan = self.plan
        sender = Sender(self._app, plan.seed, without=_kinds_left_out(plan))
        faults = [
            *((at, self._kill) for at in _spread(plan.tasks, plan.kills)),
            *((at, self._restart) for at in _spread(plan.tasks, plan.restarts)),
            *((at, self._cut) for at in _spread(plan.tasks, plan.cuts)),
        ]
        faults.sort(key=lambda fault: fault[0])
        flapping = Flapping(self.world.proxy, plan.outages, plan.seed, self._note_memory)
        with flapping.running():
            self._send(sender, faults, flapping, say)
        # Of a task whose message is lost, no worker ever says that it has it.
        with suppress(AssertionError):
            wait_for(self._revoke_all, _REVOKE_SECONDS, interval=0.5)

    def _send(
        self,
        sender: Sender,
        faults: list[tuple[int, Callable[[], str]]],
        flapping: Flapping,
        say: Callable[[str], None],
    ) -> None:
        while len(self.sent) < self.plan.tasks or self._away is not None or not flapping.ended:
            added = sender.send()
            self.sent += added
            self._to_revoke += [one.task for one in added if one.kind == REVOKED]
            number = len(self.sent)
            if self._away is not None and number >= self._away[0]:
                self._bring_back()
            while faults and number >= faults[0][0]:
                say(f"{number} are sent. {faults.pop(0)[1]()}")
            self._keep_pace()

    def wait_until_over(self, say: Callable[[str], None]) -> None:
        """Wait until every task has ended, or the rest cannot end."""
        say(f"{len(self.sent)} are sent. Waiting until they have ended.")
        self._wait_for(lambda: is_over(self.world, self.plan, self.sent, self._ledger), self._still_open, 1.0)

    def _wait_for(self, condition: Callable[[], bool], text: Callable[[], str], interval: float) -> None:
        """Workers that stand still meanwhile are replaced, and all of them when no task gets on."""
        progress, since = -1, 0.0

        def is_met() -> bool:
            nonlocal progress, since
            lines, now = self._ledger.llen(KEY), time.monotonic()
            silent = self.world.heartbeats.silent()
            self._replace([worker for worker in self.world.workers if worker.name in silent])
            if lines != progress:
                progress, since = lines, now
            elif now - since > _STANDSTILL_SECONDS:
                self._replace(self.world.workers)
                since = now
            return condition()

        wait_for(is_met, self._patience, text, interval=interval)

    def _still_open(self) -> str:
        return f"still open: {still_open(self.sent, lines_of(self._ledger))[:10]}\n{self._logs()}"

    def _logs(self) -> str:
        return "\n".join(worker.log() for worker in self.world.workers)

    def grown(self, monitor: Monitor) -> int:
        """By how many bytes its memory has grown from the first third of the outages to the last."""
        sizes = self._memory.get(monitor.name, [])
        third = len(sizes) // 3
        return max(sizes[-third:]) - max(sizes[:third]) if third else 0

    def _note_memory(self) -> None:
        for monitor in self.world.monitors:
            self._memory.setdefault(monitor.name, []).append(monitor.memory())

    def faults(self) -> Faults:
        """What was done, for the verdict."""
        return Faults(
            [*self.kills, *self.world.heartbeats.silences()],
            may_be_popped=self._may_be_popped(),
            may_be_forgotten=self.plan.may_be_forgotten,
            forgetful=[worker.name for worker in self.world.workers if worker.pool == PREFORK],
            cut=self.plan.losses_of_connections > 0,
        )

    def _may_be_popped(self) -> int:
        replaced = len(self.kills) - self.plan.kills
        return self.plan.may_be_popped + replaced if self.plan.broker == REDIS else 0

    def _kill(self) -> str:
        self._bring_back()
        worker = self._chance.choice(self.world.workers)
        self._end(worker)
        self._away = (len(self.sent) + _SENT_MEANWHILE, worker)
        return f"{worker.name} is killed."

    def _bring_back(self) -> None:
        if self._away is not None:
            self._away[1].start()
            self._away = None

    def _replace(self, workers: Iterable[Worker]) -> None:
        """After a lost connection, Celery may hang, fetch no message again, or keep a slot for ever."""
        for worker in workers:
            self._bring_back()
            self._end(worker)
            worker.start()

    def _end(self, worker: Worker) -> None:
        worker.kill()
        self.kills.append(Kill(worker.name, time.time()))
        self.world.heartbeats.forget(worker.name)

    def _restart(self) -> str:
        self.world.broker.restart()
        return "The broker restarts."

    def _cut(self) -> str:
        assert self.world.proxy is not None
        self.world.proxy.restore()
        return "All connections to the broker are cut."

    def _keep_pace(self) -> None:
        """Wait until nearly all tasks have been started, so that the faults come while tasks run."""
        to_start = sum(one.kind != REVOKED for one in self.sent)
        if self._ledger.scard(STARTED_KEY) + _AHEAD > to_start:
            return

        def caught_up() -> bool:
            self._revoke_all()
            return bool(self._ledger.scard(STARTED_KEY) + _AHEAD // 2 > to_start)

        self._wait_for(caught_up, lambda: f"the start of {to_start} tasks\n{self._logs()}", 0.5)

    def _revoke_all(self) -> bool:
        """A worker forgets a revoke when it is killed, so a task is revoked after a worker has it."""
        for task in list(self._to_revoke):
            state = (self.world.monitors[0].get(f"/tasks/{task}") or {}).get("state", "PENDING")
            if state == "RECEIVED":
                self._app.control.revoke(task)
            if state != "PENDING":
                self._to_revoke.remove(task)
        return not self._to_revoke


def _kinds_left_out(plan: Plan) -> set[str]:
    """Only prefork obeys a hard limit, and not after a lost connection.

    No counter shows the event of a revoke that is lost with the connection.
    """
    if plan.losses_of_connections or plan.restarts:
        return {LIMITED, REVOKED}
    return set() if any(pool == PREFORK for _, pool in plan.workers) else {LIMITED}


def _spread(tasks: int, times: int) -> list[int]:
    return [tasks * (number + 1) // (times + 1) for number in range(times)]


def _judged(monitor: Monitor, course: _Course, ledger: Any) -> Result:
    """The verdict on the history, as soon as there are no differences, or when time is up."""
    history: dict[str, Any] = {}
    _read(monitor, (one.task for one in course.sent), history)
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        # A message that comes a second time may still run.
        result = judge(
            course.sent,
            lines_of(ledger),
            history,
            monitor.missed(),
            course.faults(),
        )
        if not result.differences or time.monotonic() > deadline:
            return result
        time.sleep(1.0)
        # A missed event that is counted later may explain a task that is reported now.
        texts = (*result.differences, *result.reported)
        wrong = [one.task for one in course.sent if any(one.task in text for text in texts)]
        _read(monitor, wrong, history)


def _read(monitor: Monitor, tasks: Iterable[str], history: dict[str, Any]) -> None:
    for task in tasks:
        shown = monitor.get(f"/tasks/{task}")
        if shown is not None:
            history[task] = shown
