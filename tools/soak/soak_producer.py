"""Sends the soak's tasks at a steady rate from inside the cluster.

``python soak_producer.py RATE SECONDS SEED`` prints how many it sent.

A send that ends in an error may have reached the broker all the same: such a task is sent again under the
same id, and the ledger says so.
"""

import random
import sys
import time

import soak_tasks  # type: ignore[import-not-found]  # mounted beside it
from celery import uuid
from kombu.exceptions import OperationalError
from redis import RedisError

# A gevent worker that has lost its broker once takes message by message (Celery counts its slots anew).
QUEUES = {"prefork": 5, "threads": 4, "gevent": 1}


def send(task: object, queue: str, seconds: float, task_id: str) -> None:
    """Insist until the broker takes it."""
    while True:
        try:
            task.apply_async((seconds,), task_id=task_id, queue=queue, retry=False)  # type: ignore[attr-defined]
        except (OperationalError, RedisError, OSError, RuntimeError):
            soak_tasks.note(task_id, "resent", "producer")
            time.sleep(0.2)
        else:
            return


def main() -> None:
    rate, seconds, seed = (float(word) for word in sys.argv[1:4])
    choose = random.Random(seed)
    weights = list(QUEUES), list(QUEUES.values())
    began = time.monotonic()
    number = 0
    while (now := time.monotonic()) < began + seconds:
        task_id = uuid()
        mode = "early" if choose.random() < 0.3 else "late"
        queue = choose.choices(*weights)[0]
        soak_tasks.note(task_id, f"sent-{mode}", queue)
        send(getattr(soak_tasks, mode), queue, choose.choice((0.0, 0.02, 0.1)), task_id)
        number += 1
        # After an outage it goes on at its rate: what was missed is not made up for in one burst.
        began_at = began + number / rate
        if began_at < now - 1:
            began += now - began_at
            seconds -= now - began_at
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
    print(number)


if __name__ == "__main__":
    main()
