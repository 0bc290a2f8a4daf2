"""Load for the shop: ``python -m shop.producer --rate 5 [--count 100] [--mix default=6,email=3]``."""

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from itertools import count
from types import FrameType
from typing import Any, NoReturn

from celery import chain, chord, uuid
from kombu.exceptions import OperationalError
from redis import RedisError

from shop import tasks
from shop.ledger import Event, Ledger

MIX = "default=6,email=3,media=2,reports=2,maintenance=1,failing=1"

# What one message of each kind is; the number is the order's.
COMMON: Mapping[str, Callable[[int], Any]] = {
    "default": tasks.place_order.s,
    "email": lambda order: tasks.send_email.s(order, busy=order % 2),
    "media": lambda _: tasks.resize_image.s(seconds=0.3),
    "reports": lambda _: tasks.build_report.s(seconds=1),
    "maintenance": lambda _: tasks.clean_up.s().set(countdown=5),
    "failing": tasks.charge_card.s,
}
# The default mix leaves these out. Of a chain or chord only the last task is in the ledger as sent.
RARE: Mapping[str, Callable[[int], Any]] = {
    "catalog": lambda _: tasks.import_catalog.s(pages=5, seconds=2),
    "chain": lambda order: chain(tasks.place_order.si(order), tasks.send_email.si(order)),
    "chord": lambda _: chord([tasks.resize_image.s(seconds=0.1)] * 3, tasks.build_report.si(seconds=0.5)),
    "expiring": lambda _: tasks.clean_up.s().set(countdown=6, expires=3),
    # The workers of the shop do not read this queue.
    "print": lambda _: tasks.build_report.s(seconds=1).set(queue="print"),
}
KINDS = {**COMMON, **RARE}


def parse_mix(text: str) -> dict[str, float]:
    """``default=6,email=3``: the weight of each kind of task."""
    mix: dict[str, float] = {}
    for part in text.split(","):
        kind, _, weight = part.strip().partition("=")
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"no kind of task {kind!r}; there are {', '.join(KINDS)}")
        try:
            mix[kind] = float(weight or 1)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{part.strip()!r}: write a number, as in {kind}=3") from None
        if mix[kind] <= 0:
            raise argparse.ArgumentTypeError(
                f"{part.strip()!r}: a weight is above 0; leave {kind} out instead"
            )
    return mix


def positive(text: str) -> float:
    """A number above zero."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def positive_integer(text: str) -> int:
    """A whole number above zero."""
    number = positive(text)
    if number != int(number):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    return int(number)


def insist(action: Callable[[], object]) -> None:
    """Do it again, a second later, until the broker or the result backend takes it."""
    for attempt in count(1):
        try:
            action()
            return
        except (OperationalError, RedisError) as error:
            if attempt == 1:
                print(f"Waiting for the broker: {error}", flush=True)
            time.sleep(1)


def send(kind: str, order: int, ledger: Ledger) -> None:
    """Write one task to the ledger, then send it."""
    task_id = uuid()
    insist(lambda: ledger.write(task_id, Event.SENT, "producer"))
    insist(lambda: KINDS[kind](order).apply_async(task_id=task_id, retry=False))


def produce(rate: float, total: int | None, mix: Mapping[str, float], ledger: Ledger) -> None:
    """Send ``rate`` tasks a second, in the proportions of ``mix``, until ``total`` are sent."""
    kinds, weights = list(mix), list(mix.values())
    choose = random.Random(0)
    began = time.monotonic()
    for order in count(1) if total is None else range(1, total + 1):
        send(choose.choices(kinds, weights)[0], order, ledger)
        if order % max(1, round(rate * 10)) == 0:
            print(f"{order} tasks sent in {time.monotonic() - began:.0f} s", flush=True)
        time.sleep(max(0.0, began + order / rate - time.monotonic()))
    print(f"Done: {total} tasks sent in {time.monotonic() - began:.0f} s", flush=True)


def end(_number: int, _frame: FrameType | None) -> NoReturn:
    """End at once: every task is in the ledger before it is sent."""
    sys.exit(0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m shop.producer", description="Send tasks to the shop.")
    parser.add_argument("--rate", type=positive, default=5.0, help="tasks a second (default 5)")
    parser.add_argument(
        "--count", type=positive_integer, help="stop after this number of tasks (default: go on)"
    )
    parser.add_argument("--mix", type=parse_mix, default=MIX, help=f"weights (default {MIX})")
    options = parser.parse_args(arguments)
    missing = [name for name in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND") if not os.environ.get(name)]
    if missing:
        parser.error(f"set {' and '.join(missing)}, for one redis://redis:6379/0")
    try:
        ledger = Ledger(os.environ["CELERY_RESULT_BACKEND"])
    except ValueError as error:
        parser.error(f"CELERY_RESULT_BACKEND: {error}")
    # The first process of a container is sent no signal that it does not handle.
    signal.signal(signal.SIGTERM, end)
    try:
        produce(options.rate, options.count, options.mix, ledger)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
