"""What the agent costs inside a worker: tasks a second, CPU and memory, with it and without it in turn.

Nothing is counted inside the worker. The queue is filled first; then its length and that of kombu's
``unacked`` are read from Redis while the worker empties both: often near the two ends, seldom between. Every
run gets the same messages: they are sent once, to a database where no worker reads, and copied from there.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

import redis
from tools.testbed.servers import RedisServer, free_port, redis_server
from tools.testbed.waiting import wait_for

from bench.empty_tasks import app, nothing
from bench.errors import BenchError
from bench.estimates import paired_ratio
from bench.measure import Memory, cpu_seconds, family, memory
from bench.programs import Program, celery_command, probe_environment, python_environment, running, workplace
from bench.report import Figure, say
from celery_health.wire.worker_report import WORKER_REPORT
from celery_probe.bundle import install

QUEUE = "celery"
STORE = 1
CONCURRENCY = 2
# Until the pool's processes are warm: sent in addition, and left out of the time.
WARM_UP_TASKS = 1000
NEAR_SECONDS, FAR_SECONDS = 0.005, 0.1
NEAR_TASKS = 1000
LIMIT_SECONDS = 300.0
SETTLE_SECONDS = 3.0
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """One worker that emptied the queue. ``cpu``: seconds a task, of the worker and its pool."""

    tasks_a_second: float
    cpu: float
    main: Memory
    whole: Memory


@dataclass(frozen=True, slots=True)
class Bench:
    """What all runs share."""

    server: RedisServer
    tasks: int
    env: Mapping[str, str]
    log: Path


def measure(quick: bool) -> list[Figure]:
    """Let workers with and without the agent empty the same queue in turn."""
    rounds, tasks, rest = (3, 4000, 10.0) if quick else (10, 20_000, 60.0)
    bare: list[Run] = []
    watched: list[Run] = []
    with workplace() as directory, redis_server(directory / "redis") as server:
        probe = directory / "probe"
        install(probe)
        env = python_environment(directory) | {"CELERY_BROKER_URL": server.url}
        bench = Bench(server, tasks, env, directory / "worker.log")
        _send(server.database(STORE), tasks + WARM_UP_TASKS)
        # Not counted: these two compile what the later ones only load.
        for agent in (None, probe):
            _run(bench, agent)
        for number in range(rounds):
            # Which goes first changes each round, so that a drift of the machine favours neither.
            order = [(bare, None), (watched, probe)]
            for runs, agent in order if number % 2 == 0 else reversed(order):
                runs.append(_run(bench, agent))
            without, within = bare[-1].tasks_a_second, watched[-1].tasks_a_second
            say(f"  {number + 1} of {rounds}: {without:.0f} tasks/s without the agent, {within:.0f} with it")
        at_rest = _at_rest(_rest(bench, None, rest), _rest(bench, probe, rest), rest)
    return [*_speed(watched, bare, tasks), at_rest, *_memory(watched, bare)]


def _speed(watched: Sequence[Run], bare: Sequence[Run], tasks: int) -> list[Figure]:
    speed = paired_ratio([run.tasks_a_second for run in watched], [run.tasks_a_second for run in bare])
    cpu = paired_ratio([run.cpu for run in watched], [run.cpu for run in bare])
    pairs = f"median of {speed.samples} pairs"
    return [
        Figure(
            "loss of tasks/s with the agent",
            (1 - speed.median) * 100,
            "%",
            at_most=1,
            low=(1 - speed.high) * 100,
            high=(1 - speed.low) * 100,
            how=f"{pairs}; {tasks} empty tasks each, {CONCURRENCY} pool processes, Redis",
        ),
        Figure(
            "additional CPU per task with the agent",
            (cpu.median - 1) * 100,
            "%",
            low=(cpu.low - 1) * 100,
            high=(cpu.high - 1) * 100,
            how=f"{pairs}; worker and pool",
        ),
        Figure("tasks/s without the agent", median(run.tasks_a_second for run in bare), "tasks/s"),
        Figure("tasks/s with the agent", median(run.tasks_a_second for run in watched), "tasks/s"),
    ]


def _at_rest(bare: float, watched: float, seconds: float) -> Figure:
    return Figure(
        "additional CPU of an idle worker with the agent",
        (watched - bare) * 100,
        "% of a core",
        how=f"no tasks for {seconds:g} s; the agent works once a second, not once per task",
    )


def _memory(watched: Sequence[Run], bare: Sequence[Run]) -> list[Figure]:
    pairs = list(zip(watched, bare, strict=True))
    rss = median(one.main.rss - other.main.rss for one, other in pairs)
    pss = median(one.main.pss - other.main.pss for one, other in pairs)
    whole = median(one.whole.pss - other.whole.pss for one, other in pairs)
    without = median(run.main.rss for run in bare)
    how = f"main process after the run; without the agent it uses {without / MEGABYTE:.1f} MB"
    return [
        Figure("additional memory with the agent, RSS", rss / MEGABYTE, "MB", at_most=5, how=how),
        Figure("additional memory with the agent, PSS", pss / MEGABYTE, "MB", at_most=5, how="main process"),
        Figure("the same for main process and pool, PSS", whole / MEGABYTE, "MB"),
    ]


def _run(bench: Bench, agent: Path | None) -> Run:
    with redis.Redis(port=bench.server.port) as client:
        client.flushdb()
        with redis.Redis(port=bench.server.port, db=STORE) as store:
            store.copy(QUEUE, QUEUE, destination_db=0)
        with _worker(bench, agent) as worker:
            run = _watch(worker, client, bench.tasks)
            if agent:
                _must_have_reported(agent, worker, bench.tasks)
            return run


def _rest(bench: Bench, agent: Path | None, seconds: float) -> float:
    """The share of a core that the worker uses while the queue is empty."""
    with redis.Redis(port=bench.server.port) as client:
        _send(bench.server.url, WARM_UP_TASKS)
        with _worker(bench, agent) as worker:
            _until(worker, client, 0)
            time.sleep(SETTLE_SECONDS)
            before = cpu_seconds(family(worker.pid))
            time.sleep(seconds)
            return (cpu_seconds(family(worker.pid)) - before) / seconds


@contextmanager
def _worker(bench: Bench, agent: Path | None) -> Iterator[Program]:
    env = {**bench.env, **(probe_environment(agent, free_port()) if agent else {})}
    command = celery_command(
        "-A", "bench.empty_tasks", "worker", "--pool=prefork", f"--concurrency={CONCURRENCY}", agent=agent
    )
    with running(command, env, bench.log) as worker:
        yield worker


def _watch(worker: Program, client: "redis.Redis", tasks: int) -> Run:
    left, began = _until(worker, client, tasks)
    pids = family(worker.pid)
    cpu = cpu_seconds(pids)
    _, ended = _until(worker, client, 0)
    cpu = cpu_seconds(pids) - cpu
    return Run(left / (ended - began), cpu / left, memory([worker.pid]), memory(pids))


def _until(worker: Program, client: "redis.Redis", wanted: int) -> tuple[int, float]:
    """Wait until no more than ``wanted`` messages are left: how many those are, and when that was."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        left = cast("int", client.llen(QUEUE)) + cast("int", client.hlen("unacked"))
        now = time.monotonic()
        if left <= wanted:
            return left, now
        worker.must_run()
        if now > deadline:
            raise BenchError(f"After {LIMIT_SECONDS:g} s the worker still had {left} tasks to do.")
        time.sleep(NEAR_SECONDS if left - wanted <= NEAR_TASKS else FAR_SECONDS)


def _must_have_reported(agent: Path, worker: Program, tasks: int) -> None:
    """An agent that costs nothing because it does nothing is no result."""

    def reported() -> bool:
        report = WORKER_REPORT.decode((agent / "run" / "report.json").read_bytes())
        return report.pid == worker.pid and report.processed >= tasks

    wait_for(reported, 10, "the agent reports the tasks that its worker has done")


def _send(url: str, count: int) -> None:
    with app.connection_for_write(url) as connection, app.amqp.Producer(connection) as producer:
        for _ in range(count):
            nothing.apply_async(producer=producer)
