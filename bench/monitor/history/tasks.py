"""Tasks for the benchmark: 40 names, 20 workers, 6 queues, 100 tasks a second."""

import random
import uuid
from collections.abc import Iterator
from itertools import islice

from celery_monitor.records.states import FAILURE, LOST, RETRY, STARTED, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord

NAMES = [f"shop.{area}.{verb}" for area in ("mail", "pay", "stock", "report") for verb in "abcdefghij"]
WORKERS = [f"celery@shop-worker-{number}" for number in range(20)]
QUEUES = ["default", "mail", "pay", "reports", "slow", "urgent"]
STATES = (SUCCESS, FAILURE, RETRY, LOST, STARTED)
TASKS_PER_SECOND = 100
ERRORS = ["KeyError('order')", "TimeoutError()", "shop.errors.Declined('card')", "ValueError('amount')"]
BATCH = 1_500


def batches(count: int, until: float, *, arguments: bool) -> Iterator[list[TaskRecord]]:
    """The same as ``tasks``, in lists of the size that the monitor writes at once."""
    stream = tasks(count, until, arguments=arguments)
    while batch := list(islice(stream, BATCH)):
        yield batch


def tasks(count: int, until: float, *, arguments: bool, seed: int = 7) -> Iterator[TaskRecord]:
    """``count`` tasks that were sent before ``until``, oldest first, each finished with its one run."""
    chance = random.Random(seed)
    for number in range(count):
        at = until - (count - number) / TASKS_PER_SECOND
        state = chance.choices(STATES, [940, 40, 10, 2, 8])[0]
        runtime = round(chance.lognormvariate(-1, 1.5), 4)
        started = at + 0.002 + chance.expovariate(2)
        ended = None if state == STARTED else started + runtime
        error = chance.choice(ERRORS) if state in (FAILURE, RETRY) else None
        identity = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        worker = chance.choice(WORKERS)
        record = TaskRecord(
            id=identity,
            name=chance.choice(NAMES),
            state=state,
            worker=worker,
            queue=QUEUES[min(5, int(chance.expovariate(1)))],
            root_id=identity,
            sent=at,
            received=at + 0.001,
            started=started,
            finished=ended,
            runtime=None if state == STARTED else runtime,
            state_time=ended or started,
            updated=(ended or started) + 0.01,
            clock=number,
            exception=error,
            traceback=_traceback(error, chance.randrange(40, 60)) if error else None,
        )
        if arguments:
            record.args = f"({chance.randrange(count)}, 'customer-{chance.randrange(100_000)}@example.com')"
            currency, amount = chance.choice(["EUR", "USD", "GBP"]), chance.randrange(10_000)
            record.kwargs = f"{{'currency': '{currency}', 'amount': {amount}}}"
            record.result = "'done'"
        record.runs = [
            Run(
                number=1,
                worker=worker,
                received=record.received,
                started=started,
                finished=ended,
                outcome=None if state == STARTED else state,
                runtime=record.runtime,
                exception=error,
                traceback=record.traceback,
            )
        ]
        yield record


def _traceback(error: str, line: int) -> str:
    return f'Traceback (most recent call last):\n  File "/srv/shop/tasks.py", line {line}, in run\n{error}'
