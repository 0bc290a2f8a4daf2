"""When a run is over: every task has ended, or cannot end."""

import json
import time
from collections.abc import Sequence
from typing import Any

from redis import Redis

from tools.ledger.executions import executions_of
from tools.ledger.ledger_tasks import KEY
from tools.ledger.plan import LIMITED, REVOKED, Sent
from tools.ledger.processes import PREFORK_QUEUE
from tools.ledger.stand import Plan, Stand


def lines_of(ledger: Any) -> list[dict[str, Any]]:
    """What the tasks wrote, in order."""
    return [json.loads(line) for line in ledger.lrange(KEY, 0, -1)]


def is_over(world: Stand, plan: Plan, sent: Sequence[Sent], ledger: Any) -> bool:
    """Whether every task has ended, or the rest cannot end: the broker has no message.

    It may keep those of revoked tasks. Any other may come again, and then send the next task of a chain.
    """
    if not still_open(sent, lines_of(ledger)):
        return True
    if not plan.may_be_popped:
        return False
    revoked = {one.task for one in sent if one.kind == REVOKED}
    broker: Any = Redis.from_url(world.broker_url)
    try:
        for _ in range(2):
            if _held(broker) - revoked:
                return False
            # A worker notes a message as unacknowledged a moment after it was handed out.
            time.sleep(1.0)
        return True
    finally:
        broker.close()


def _held(broker: Any) -> set[str]:
    """The tasks whose messages Redis has, waiting or unacknowledged."""
    waiting = [text for queue in ("celery", PREFORK_QUEUE) for text in broker.lrange(queue, 0, -1)]
    messages = [json.loads(text) for text in waiting]
    messages += [json.loads(text)[0] for text in broker.hvals("unacked")]
    return {message["headers"]["id"] for message in messages}


def still_open(sent: Sequence[Sent], lines: list[dict[str, Any]]) -> list[str]:
    """The tasks that have not ended by the ledger."""
    ended = {line["task"] for line in lines if line["event"] in {"succeeded", "failed"}}
    started = executions_of(lines)
    return [
        one.task
        for one in sent
        if one.kind != REVOKED and one.task not in (started if one.kind == LIMITED else ended)
    ]
