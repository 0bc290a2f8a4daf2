"""Sends the tasks of the scaling tests from inside the cluster.

``python scaling_producer.py send`` takes orders as JSON on standard input and sends them one by one;
``python scaling_producer.py stream RATE WAVE LONGEST SEED QUEUE STOP`` sends at a pace until the file STOP is
there; either prints how many it sent. ``python scaling_producer.py drop DATABASE`` sends orders to the Redis
of CELERY_BROKER_URL, which no worker reads, then moves the queues to the other database at once, and prints
when: the burst begins at one moment, however slow its sender is.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import scaling_orders  # type: ignore[import-not-found]  # mounted beside it
import soak_tasks  # type: ignore[import-not-found]
from celery import uuid
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

NOTED_AT_ONCE = 500


def send(order: "scaling_orders.Order", task_id: str) -> None:
    """Insist until the broker takes it."""
    options = {} if order.priority is None else {"priority": order.priority}
    while True:
        try:
            getattr(soak_tasks, order.mode).apply_async(
                (order.seconds,),
                task_id=task_id,
                queue=order.queue,
                countdown=order.countdown or None,
                retry=False,
                **options,
            )
        except (OperationalError, RedisError, OSError, RuntimeError):
            soak_tasks.note(task_id, "resent", "producer")
            time.sleep(0.2)
        else:
            return


def send_all(orders: "Iterable[scaling_orders.Order]") -> int:
    """Note them all, so that nothing delays the sending, then send them."""
    named = [(uuid(), order) for order in orders]
    lines = [
        json.dumps({"task": task, "event": f"sent-{order.mode}", "worker": "producer", "time": time.time()})
        for task, order in named
    ]
    for begin in range(0, len(lines), NOTED_AT_ONCE):
        soak_tasks.ledger().rpush(os.environ["SOAK_LEDGER_KEY"], *lines[begin : begin + NOTED_AT_ONCE])
    for task, order in named:
        send(order, task)
    return len(named)


def drop(orders: "list[scaling_orders.Order]", database: int) -> float:
    """Send aside, move everything at once; gives the time of that."""
    send_all(orders)
    with Redis.from_url(os.environ["CELERY_BROKER_URL"]) as aside:
        queues = list(aside.scan_iter(_type="list"))
        with aside.pipeline(transaction=True) as together:
            for key in queues:
                together.move(key, database)
            moment = time.time()
            moved = together.execute()
    if not all(moved):
        raise SystemExit(f"These queues are in database {database} already: {queues}")
    return moment


def stream(orders: "Iterator[scaling_orders.Order]", rate: float, wave: float, stop: Path) -> int:
    """One task after another until the file is there."""
    began = due = time.monotonic()
    for number in count():
        if stop.exists():
            return number
        send_all([next(orders)])
        due = max(due + 1 / scaling_orders.pace(rate, wave, due - began), time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))
    raise AssertionError


def main() -> None:
    for module in filter(None, os.environ.get("SCALING_INCLUDE", "").split(",")):
        importlib.import_module(module)
    what, *rest = sys.argv[1:]
    if what == "stream":
        rate, wave, longest, seed, queue, stop = rest
        orders = scaling_orders.stream(float(longest), int(seed), queue)
        print(stream(orders, float(rate), float(wave), Path(stop)))
        return
    given = [scaling_orders.Order(**record) for record in json.load(sys.stdin)]
    print(drop(given, int(rest[0])) if what == "drop" else send_all(given))


if __name__ == "__main__":
    main()
