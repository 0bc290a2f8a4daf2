"""What counting costs a task: the request that Celery makes, with and without it, in turn.

Everything that task metrics add to a task happens in this object, in the worker's main process. A pool that
calls back at once leaves only the request itself to be measured.
"""

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from celery import Celery, uuid
from celery.worker.request import Request, create_request_cls

from bench.estimates import estimate
from bench.report import Figure
from celery_health.metrics.options import Options
from celery_health.metrics.recorder import Recorder
from celery_health.metrics.request import MonitoredRequest
from celery_health.metrics.worker import METRICS
from celery_health.task_metrics.files import Place

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CUSTOMERS = 150
TASKS = 100
VALUES = 20


class _Pool:
    """Runs nothing: every task is accepted and has succeeded."""

    def apply_async(self, _target: Any, *, accept_callback: Any, callback: Any, **_: Any) -> None:
        accept_callback(1, time.monotonic())
        callback((False, "None", 0.25))


class _Message:
    content_type = content_encoding = None
    delivery_info = properties = None

    def __init__(self, number: int) -> None:
        self.body: Any = ([f"customer-{number % CUSTOMERS}"], {}, {})
        self.payload: Any = self.body
        self.headers = {"id": uuid(), "task": "bench.charge", "traceparent": TRACE}


def measure(quick: bool) -> list[Figure]:
    """CPU time of the same requests with both classes in turn, and of the file that is written."""
    rounds, requests = (5, 5_000) if quick else (20, 10_000)
    METRICS.choose(Options())
    app = Celery("bench", set_as_current=False)

    def charge(customer_id: str, amount: int = 0) -> None: ...

    task = app.task(name="bench.charge")(charge)
    pool = _Pool()
    plain, counted = (
        create_request_cls(base, task, pool, "bench@host", None, app=app)
        for base in (Request, MonitoredRequest)
    )
    messages = [_Message(number) for number in range(requests)]
    differences = []
    for number in range(rounds):
        order = (plain, counted) if number % 2 else (counted, plain)
        spent = {made: _spent(made, messages, app, task, pool) for made in order}
        differences.append((spent[counted] - spent[plain]) / requests * 1e6)
    more = estimate(differences)
    return [
        Figure(
            "additional CPU per task with task metrics",
            more.median,
            "µs",
            at_most=20,
            low=more.low,
            high=more.high,
            how=f"median of {more.samples} pairs; {requests} requests each, {CUSTOMERS} values of the label, "
            "each with a trace",
        ),
        Figure(
            "CPU of writing the file, once a second while tasks run",
            _written(rounds),
            "ms",
            how=f"{TASKS} tasks with {VALUES} values each",
        ),
    ]


def _spent(made: Any, messages: list[_Message], app: Celery, task: Any, pool: _Pool) -> float:
    began = time.process_time()
    for message in messages:
        made(message, app=app, task=task, decoded=True, body=message.body).execute_using_pool(pool)
    return time.process_time() - began


def _written(rounds: int) -> float:
    recorder = Recorder(Options(values=VALUES))
    for task in range(TASKS):
        for value in range(VALUES):
            recorder.completed(recorder.started(f"bench.task_{task}", str(value)), value / 10)
    spent = []
    with TemporaryDirectory() as folder:
        place = Place(Path(folder) / "0.json")
        for _ in range(rounds):
            began = time.process_time()
            place.write(recorder.encode())
            spent.append((time.process_time() - began) * 1000)
    return median(spent)
