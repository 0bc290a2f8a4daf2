"""What the agent costs inside a worker: tasks a second, CPU and memory, with it and without it in turn.

Two workers share a core, one with the agent, and take turns of some seconds: the one that has no turn is
stopped. So a machine that is now faster and now slower, such as a guest of a busy host, is so for both. Their
places in memory make two equal workers differ by some percent: several pairs are started.

Nothing is counted inside the workers. The queues are filled first; then their length and that of kombu's
``unacked`` are read from Redis. Every worker gets the same messages: they are sent once, to a database where
no worker reads, and copied from there.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import redis
from tools.testbed.servers import RedisServer, free_port, redis_server
from tools.testbed.waiting import wait_for

from bench.empty_tasks import app, nothing
from bench.errors import BenchError
from bench.estimates import estimate, paired_ratio
from bench.programs import celery_command, probe_environment, python_environment, running, workplace
from bench.report import Figure, say
from bench.turns import STORE, TURN_SECONDS, TURN_TASKS, Run, Worker
from celery_health.wire.worker_report import WORKER_REPORT
from celery_probe.bundle import install

CONCURRENCY = 1
# Until the pool's process is warm: left out of the time.
WARM_UP_TASKS = 1000
SETTLE_SECONDS = 3.0
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Bench:
    """What all runs share. ``core``: where the workers run; Redis and this process have another one."""

    server: RedisServer
    env: Mapping[str, str]
    logs: Path
    core: int


def measure(quick: bool) -> list[Figure]:
    """Let a worker with the agent and one without it take turns, pair after pair."""
    pairs, turns, rest = (3, 5, 10.0) if quick else (12, 6, 60.0)
    own, core = _two_cores()
    bare: list[Run] = []
    watched: list[Run] = []
    with _on_core(own), workplace() as directory, redis_server(directory / "redis") as server:
        probe = directory / "probe"
        install(probe)
        bench = Bench(server, python_environment(directory), directory, core)
        _send(server.database(STORE), 2 * TURN_TASKS)
        # Not counted: these two compile what the later ones only load.
        _pair(bench, probe, 1)
        for number in range(pairs):
            one, other = _pair(bench, probe, turns)
            bare.append(one)
            watched.append(other)
            without, within = one.tasks_a_second, other.tasks_a_second
            say(f"  {number + 1} of {pairs}: {without:.0f} tasks/s without the agent, {within:.0f} with it")
        at_rest = _at_rest(_rest(bench, None, rest), _rest(bench, probe, rest), rest)
    return [*_speed(watched, bare, turns), at_rest, *_memory(watched, bare)]


@contextmanager
def _on_core(core: int) -> Iterator[None]:
    """Keep this process, and the servers that it starts, on one core until the block ends."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _two_cores() -> tuple[int, int]:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchError("The workers need a core that nothing else uses, and this process may use only one.")
    return cores[0], cores[1]


def _speed(watched: Sequence[Run], bare: Sequence[Run], turns: int) -> list[Figure]:
    speed = paired_ratio([run.tasks_a_second for run in watched], [run.tasks_a_second for run in bare])
    cpu = paired_ratio([run.cpu for run in watched], [run.cpu for run in bare])
    thread = estimate([run.threads * 100 for run in watched])
    pairs = f"median of {speed.samples} pairs"
    return [
        Figure(
            "CPU of the agent's thread, of all CPU that a busy worker uses",
            thread.median,
            "%",
            at_most=1,
            low=thread.low,
            high=thread.high,
            how="as the kernel counts it; worker and pool",
        ),
        Figure(
            "loss of tasks/s with the agent",
            (1 - speed.median) * 100,
            "%",
            low=(1 - speed.high) * 100,
            high=(1 - speed.low) * 100,
            how=f"{pairs} with {turns} turns of {TURN_SECONDS:g} s each; empty tasks, one core, Redis",
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


def _pair(bench: Bench, probe: Path, turns: int) -> tuple[Run, Run]:
    """A worker without the agent and one with it, after this many turns of each."""
    with _worker(bench, None, 0) as bare, _worker(bench, probe, 1) as watched:
        for one in (bare, watched):
            one.fill()
            one.until(lambda left: left <= 2 * TURN_TASKS - WARM_UP_TASKS)
            one.pause()
        for number in range(turns):
            # Who begins changes, so that a drift of the machine favours neither.
            for one in (bare, watched) if number % 2 == 0 else (watched, bare):
                one.take_turn()
        watched.resume()
        _must_have_reported(probe, watched)
        bare.resume()
        return bare.run(), watched.run()


def _rest(bench: Bench, agent: Path | None, seconds: float) -> float:
    """The share of a core that the worker uses while the queue is empty."""
    with _worker(bench, agent, 0) as worker:
        _send(bench.server.url, WARM_UP_TASKS)
        worker.until(lambda left: left == 0)
        time.sleep(SETTLE_SECONDS)
        before = worker.mark()
        time.sleep(seconds)
        after = worker.mark()
        return (after.cpu - before.cpu) / (after.at - before.at)


@contextmanager
def _worker(bench: Bench, agent: Path | None, database: int) -> Iterator[Worker]:
    """A worker with an empty queue."""
    with redis.Redis(port=bench.server.port, db=database) as client:
        client.flushdb()
    env = {
        **bench.env,
        "CELERY_BROKER_URL": bench.server.database(database),
        **(probe_environment(agent, free_port()) if agent else {}),
    }
    command = celery_command(
        "-A", "bench.empty_tasks", "worker", "--pool=prefork", f"--concurrency={CONCURRENCY}", agent=agent
    )
    pinned = ["taskset", "-c", str(bench.core), *command]
    with running(pinned, env, bench.logs / f"worker-{database}.log") as program:
        worker = Worker(program, bench.server, database)
        try:
            yield worker
        finally:
            worker.close()


def _must_have_reported(probe: Path, worker: Worker) -> None:
    """An agent that costs nothing because it does nothing is no result."""

    def reported() -> bool:
        report = WORKER_REPORT.decode((probe / "run" / "report.json").read_bytes())
        return report.pid == worker.program.pid and report.processed >= worker.done.tasks

    wait_for(reported, 10, "the agent reports the tasks that its worker has done")


def _send(url: str, count: int) -> None:
    with app.connection_for_write(url) as connection, app.amqp.Producer(connection) as producer:
        for _ in range(count):
            nothing.apply_async(producer=producer)
