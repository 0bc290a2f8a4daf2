"""Which tasks are sent. The same number gives the same plan."""

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from celery import Celery, chain, chord, group, signature, uuid

from tools.ledger.processes import PREFORK_QUEUE

LIMITED = "exceed_limit"
REVOKED = "revoke"

# How many of 100 sends are of each kind.
WEIGHTS: Mapping[str, int] = {
    "succeed": 50,
    "fail": 12,
    "retry": 10,
    "work": 8,
    REVOKED: 5,
    "chain": 6,
    "group": 5,
    "chord": 3,
    LIMITED: 1,
}

# A worker reports a revoked task when the time of the task comes, and not before.
REVOKE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One task. ``kind`` says how it has to end.

    ``after``: the tasks of a workflow that send this one when they have all succeeded; none if the sender
    itself sent it.
    """

    task: str
    kind: str
    after: tuple[str, ...] = ()


class Sender:
    """Sends tasks by their names, as a producer does that has none of their code.

    ``without``: kinds that are not sent.
    """

    def __init__(self, app: Celery, seed: int = 0, *, without: Collection[str] = ()) -> None:
        self._app = app
        self._random = random.Random(seed)
        self._weights = {kind: weight for kind, weight in WEIGHTS.items() if kind not in without}
        self._kinds: Mapping[str, Callable[[], list[Sent]]] = {
            "chain": self._chain,
            "group": self._group,
            "chord": self._chord,
            REVOKED: self._revoke,
        }

    def send(self) -> list[Sent]:
        """Send one task, or one workflow of several."""
        [kind] = self._random.choices(list(self._weights), list(self._weights.values()))
        if kind in self._kinds:
            return self._kinds[kind]()
        arguments: dict[str, list[Any]] = {
            "retry": [self._random.randint(1, 3)],
            "work": [round(self._random.uniform(0.05, 0.5), 3)],
        }
        options = {"queue": PREFORK_QUEUE} if kind == LIMITED else {}
        return [Sent(self._one(kind, arguments.get(kind, []), **options), kind)]

    def _one(self, kind: str, arguments: list[Any], **options: Any) -> str:
        return str(self._app.send_task(f"ledger.{kind}", args=arguments, retry=True, **options).id)

    def _signature(self, task: str) -> Any:
        return signature("ledger.succeed", app=self._app, immutable=True).set(task_id=task)

    def _ids(self, count: int) -> list[str]:
        return [uuid() for _ in range(count)]

    def _chain(self) -> list[Sent]:
        ids = self._ids(3)
        chain(*map(self._signature, ids), app=self._app).apply_async()
        before = [(), *((task,) for task in ids)]
        return [Sent(task, "succeed", after) for task, after in zip(ids, before, strict=False)]

    def _group(self) -> list[Sent]:
        ids = self._ids(4)
        group([self._signature(task) for task in ids], app=self._app).apply_async()
        return [Sent(task, "succeed") for task in ids]

    def _chord(self) -> list[Sent]:
        *header, body = self._ids(4)
        chord([self._signature(task) for task in header], self._signature(body), app=self._app).apply_async()
        return [*(Sent(task, "succeed") for task in header), Sent(body, "succeed", tuple(header))]

    def _revoke(self) -> list[Sent]:
        task = self._one("succeed", [], countdown=REVOKE_SECONDS)
        return [Sent(task, REVOKED)]
