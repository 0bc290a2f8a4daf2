"""Tasks as the merger makes them."""

import random
import uuid

from celery_monitor.history.rows.tasks import begin
from celery_monitor.records.states import FAILURE, LOST, RETRY, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord

NOW = 1_795_900_000.0


def finished(identity: str = "", **changes: object) -> TaskRecord:
    """A task with one run that ended. ``changes`` are fields of the record."""
    values: dict[str, object] = {
        "id": identity or str(uuid.uuid4()),
        "name": "shop.mail",
        "state": SUCCESS,
        "worker": "celery@web-1",
        "sent": NOW,
        "received": NOW + 0.1,
        "started": NOW + 0.2,
        "finished": NOW + 1.2,
        "runtime": 1.0,
        "state_time": NOW + 1.2,
        "updated": NOW + 1.2,
        "result": "'sent'",
    }
    record = TaskRecord(**{**values, **changes})  # type: ignore[arg-type]
    if not record.runs:
        record.runs = [
            Run(
                number=1,
                worker=record.worker or "",
                received=record.received,
                started=record.started,
                finished=record.finished,
                outcome=record.state,
                runtime=record.runtime,
                exception=record.exception,
                traceback=record.traceback,
            )
        ]
    record.at = begin(record)
    return record


def many(count: int, seed: int = 1) -> list[TaskRecord]:
    """Tasks of every kind, oldest first, a second apart."""
    random_of = random.Random(seed)
    found = []
    for number in range(count):
        at = NOW - count + number
        state = random_of.choices([SUCCESS, FAILURE, RETRY, LOST, "PROGRESS"], [80, 8, 4, 2, 2])[0]
        runtime = None if random_of.random() < 0.1 else round(random_of.expovariate(0.3), 3)
        error = (
            random_of.choice(["KeyError('x')", "shop.errors.Declined('no')"]) if state == FAILURE else None
        )
        found.append(
            finished(
                str(uuid.UUID(int=random_of.getrandbits(128), version=4)),
                name=random_of.choice(["shop.mail", "shop.pay", "billing.close", "other%_name", None]),
                state=state,
                worker=f"celery@web-{random_of.randrange(4)}",
                queue=random_of.choice(["mail", "default", None]),
                sent=at if random_of.random() < 0.8 else None,
                received=at + 0.1,
                started=at + random_of.choice([0.2, 3.0, 8.0]),
                finished=at + 9.0,
                state_time=at + 9.0,
                runtime=runtime,
                args=f"({random_of.randrange(60)}, 'User{random_of.randrange(100)}')",
                kwargs=random_of.choice(["{}", "{'currency': 'EUR'}", "{'note': '100%_sure [x]'}"]),
                exception=error,
                traceback=f'  File "/srv/shop/tasks.py", line 42, in charge\n{error}' if error else None,
                retries=random_of.choice([0, 0, 0, 1, 3]),
                run_twice=random_of.random() < 0.02,
            )
        )
    return found
