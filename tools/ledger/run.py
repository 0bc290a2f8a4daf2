"""Sends tasks, kills workers meanwhile, waits until all have ended, and compares."""

import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from celery import Celery
from redis import Redis

from tools.ledger.judge import STATES, Kill, Result, executions_of, judge
from tools.ledger.ledger_tasks import KEY
from tools.ledger.plan import Sender, Sent
from tools.ledger.stand import Stand, stand
from tools.testbed.waiting import wait_for

_RESTART_SECONDS = 5.0
_BATCH = 50


def compare(
    folder: Path,
    *,
    broker: str = "redis",
    database: str = "sqlite",
    tasks: int = 300,
    kills: int = 1,
    seed: int = 0,
    patience: float = 300.0,
    say: Callable[[str], None] = lambda _: None,
) -> Result:
    """Run one comparison. ``patience``: seconds until all tasks must have ended after the last was sent."""
    with stand(folder, broker, database, workers=2) as world:
        app = Celery(
            "sender",
            broker=world.environment["CELERY_BROKER_URL"],
            backend=world.environment["CELERY_RESULT_BACKEND"],
        )
        app.conf.task_send_sent_event = True
        sent, killed = _send(world, app, tasks, kills=kills, seed=seed, say=say)
        ledger: Any = Redis.from_url(world.environment["LEDGER_URL"])

        def lines() -> list[dict[str, Any]]:
            return [json.loads(line) for line in ledger.lrange(KEY, 0, -1)]

        say("All are sent. Waiting until they have ended.")
        wait_for(
            lambda: not _open(sent, lines()), patience, lambda: f"still open: {_open(sent, lines())[:10]}"
        )
        history: dict[str, Any] = {}
        _read(world, sent, history, patience)
        return judge(sent, lines(), history, world.missed(), killed)


def _send(
    world: Stand, app: Celery, tasks: int, *, kills: int, seed: int, say: Callable[[str], None]
) -> tuple[list[Sent], list[Kill]]:
    sender, chance = Sender(app, seed), random.Random(seed)
    sent: list[Sent] = []
    killed: list[Kill] = []
    kill_at = [tasks * (number + 1) // (kills + 1) for number in range(kills)]
    while len(sent) < tasks:
        before = len(sent)
        sent += sender.send()
        for one in sent[before:]:
            if one.kind == "revoke":
                _revoke(world, app, one.task)
        if kill_at and len(sent) >= kill_at[0]:
            kill_at.pop(0)
            worker = chance.choice(world.workers)
            say(f"{len(sent)} sent. {worker.name} is killed.")
            worker.kill()
            killed.append(Kill(worker.hostname, time.time()))
            time.sleep(_RESTART_SECONDS)
            worker.start()
    return sent, killed


def _revoke(world: Stand, app: Celery, task: str) -> None:
    """A worker forgets a revoke when it is killed, so the task is revoked after a worker has it."""
    wait_for(lambda: _is_in(world, task, "RECEIVED"), 60, lambda: f"{task} is not received")
    app.control.revoke(task)


def _is_in(world: Stand, task: str, state: str) -> bool:
    shown = world.get(f"/tasks/{task}")
    return shown is not None and shown["state"] == state


def _open(sent: Sequence[Sent], lines: list[dict[str, Any]]) -> list[str]:
    """The tasks that have not ended by the ledger."""
    ended = {line["task"] for line in lines if line["event"] in {"succeeded", "failed"}}
    started = executions_of(lines)
    return [
        one.task
        for one in sent
        if one.kind != "revoke" and one.task not in (started if one.kind == "exceed_limit" else ended)
    ]


def _read(world: Stand, sent: Sequence[Sent], history: dict[str, Any], patience: float) -> None:
    """The tasks as the monitor shows them, once they have their last state or time is up."""
    deadline = time.monotonic() + patience
    waiting = list(sent)
    while waiting:
        still = []
        for one in waiting:
            shown = world.get(f"/tasks/{one.task}")
            if shown is not None:
                history[one.task] = shown
            if shown is None or shown["state"] != STATES.get(one.kind, "SUCCESS"):
                still.append(one)
        if not still or time.monotonic() > deadline:
            return
        waiting = still
        time.sleep(1)
