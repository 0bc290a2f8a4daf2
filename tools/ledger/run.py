"""Sends tasks, kills workers and restarts the broker meanwhile, waits until all have ended, and compares."""

import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import Celery
from redis import Redis

from tools.ledger.executions import Kill, executions_of
from tools.ledger.judge import Result, judge
from tools.ledger.ledger_tasks import KEY, PUBLISH_POLICY, STARTED_KEY
from tools.ledger.plan import LIMITED, Sender, Sent
from tools.ledger.processes import PREFORK_QUEUE, Monitor, Worker
from tools.ledger.stand import Plan, Stand, stand
from tools.testbed.waiting import wait_for

# How many tasks are sent while a killed worker is away.
_SENT_MEANWHILE = 20
# How many tasks may wait to be started.
_AHEAD = 60
# How long a worker may need to receive the last tasks that are to be revoked.
_REVOKE_SECONDS = 60.0
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
        app.conf.update(task_send_sent_event=True, task_publish_retry_policy=PUBLISH_POLICY)
        ledger: Any = Redis.from_url(world.ledger_url)
        course = _Course(world, app, ledger, patience)
        try:
            course.run(plan, say)
            say(f"{len(course.sent)} are sent. Waiting until they have ended.")
            wait_for(
                lambda: _is_over(world, course.sent, ledger),
                patience,
                lambda: f"still open: {_open(course.sent, _lines(ledger))[:10]}",
                interval=1.0,
            )
            written = _lines(ledger)
        finally:
            app.close()
            ledger.close()
        return {
            database: _judged(monitor, course, written)
            for database, monitor in zip(plan.databases, world.monitors, strict=True)
        }


class _Course:
    """Sends the tasks and causes the faults. ``sent`` and ``kills``: what has happened so far."""

    def __init__(self, world: Stand, app: Celery, ledger: Any, patience: float) -> None:
        self.world = world
        self.sent: list[Sent] = []
        self.kills: list[Kill] = []
        self._app = app
        self._ledger = ledger
        self._patience = patience
        self._to_revoke: list[str] = []
        self._away: tuple[int, Worker] | None = None

    def run(self, plan: Plan, say: Callable[[str], None]) -> None:
        """Send all tasks, as fast as the workers start them."""
        limits = any(pool == "prefork" for _, pool in plan.workers)
        sender, chance = Sender(self._app, plan.seed, limits=limits), random.Random(plan.seed)
        kill_at, restart_at = _spread(plan.tasks, plan.kills), _spread(plan.tasks, plan.restarts)
        while len(self.sent) < plan.tasks or self._away is not None:
            added = sender.send()
            self.sent += added
            self._to_revoke += [one.task for one in added if one.kind == "revoke"]
            number = len(self.sent)
            if self._away is not None and number >= self._away[0]:
                self._away[1].start()
                self._away = None
            if kill_at and number >= kill_at[0] and self._away is None:
                kill_at.pop(0)
                worker = chance.choice(self.world.workers)
                say(f"{number} are sent. {worker.name} is killed.")
                self._kill(worker)
            if restart_at and number >= restart_at[0]:
                restart_at.pop(0)
                say(f"{number} are sent. The broker restarts.")
                self.world.broker.restart()
            self._keep_pace()
        # Of a task whose message is lost, no worker ever says that it has it.
        with suppress(AssertionError):
            wait_for(self._revoke_all, _REVOKE_SECONDS, interval=0.5)

    def _kill(self, worker: Worker) -> None:
        worker.kill()
        self.kills.append(Kill(worker.name, time.time()))
        self._away = (len(self.sent) + _SENT_MEANWHILE, worker)

    def _keep_pace(self) -> None:
        """Wait until nearly all tasks have been started, so that the faults come while tasks run."""
        to_start = sum(one.kind != "revoke" for one in self.sent)
        if self._ledger.scard(STARTED_KEY) + _AHEAD > to_start:
            return

        def caught_up() -> bool:
            self._revoke_all()
            return bool(self._ledger.scard(STARTED_KEY) + _AHEAD // 2 > to_start)

        wait_for(caught_up, self._patience, lambda: f"the start of {to_start} tasks", interval=0.5)

    def _revoke_all(self) -> bool:
        """A worker forgets a revoke when it is killed, so a task is revoked after a worker has it."""
        for task in list(self._to_revoke):
            state = (self.world.monitors[0].get(f"/tasks/{task}") or {}).get("state", "PENDING")
            if state == "RECEIVED":
                self._app.control.revoke(task)
            if state != "PENDING":
                self._to_revoke.remove(task)
        return not self._to_revoke


def _lines(ledger: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ledger.lrange(KEY, 0, -1)]


def _spread(tasks: int, times: int) -> list[int]:
    return [tasks * (number + 1) // (times + 1) for number in range(times)]


def _is_over(world: Stand, sent: Sequence[Sent], ledger: Any) -> bool:
    """Whether every task has ended, or the rest cannot end: the broker has no message any more."""
    if not _open(sent, _lines(ledger)):
        return True
    if not world.loses_popped_messages:
        return False
    broker: Any = Redis.from_url(world.broker_url)
    try:
        for _ in range(2):
            if any(broker.llen(queue) for queue in ("celery", PREFORK_QUEUE)) or broker.hlen("unacked"):
                return False
            # A worker notes a message as unacknowledged a moment after it was handed out.
            time.sleep(1.0)
        return True
    finally:
        broker.close()


def _open(sent: Sequence[Sent], lines: list[dict[str, Any]]) -> list[str]:
    """The tasks that have not ended by the ledger."""
    ended = {line["task"] for line in lines if line["event"] in {"succeeded", "failed"}}
    started = executions_of(lines)
    return [
        one.task
        for one in sent
        if one.kind != "revoke" and one.task not in (started if one.kind == LIMITED else ended)
    ]


def _judged(monitor: Monitor, course: _Course, lines: list[dict[str, Any]]) -> Result:
    """The verdict on the history, as soon as there are no differences, or when time is up."""
    history: dict[str, Any] = {}
    _read(monitor, (one.task for one in course.sent), history)
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        result = judge(
            course.sent,
            lines,
            history,
            monitor.missed(),
            course.kills,
            loses_popped=course.world.loses_popped_messages,
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
