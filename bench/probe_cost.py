"""What an answer of the sidecar costs beside ``celery inspect ping``, and how fast it comes."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean, median

from tools.testbed.servers import free_port, redis_server
from tools.testbed.waiting import wait_for

from bench.errors import BenchError
from bench.estimates import estimate, percentile
from bench.load import Answers, get
from bench.measure import cpu_seconds, family, memory, run_to_end
from bench.programs import (
    ROOT,
    Program,
    celery_command,
    probe_environment,
    python_environment,
    running,
    shop_environment,
    sidecar_command,
    workplace,
)
from bench.report import Figure
from celery_probe.bundle import install

APP = "shop.celery"
REQUESTS_A_SECOND = 200.0
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Pod:
    """The example's worker and its sidecar, running beside a Redis."""

    worker: Program
    sidecar: Program
    port: int
    env: dict[str, str]


@dataclass(frozen=True, slots=True)
class Round:
    """One ping and a batch of probe answers, side by side; CPU in seconds."""

    ping: float
    ping_in_worker: float
    answer: float

    @property
    def ratio(self) -> float:
        """How many answers of the sidecar cost as much CPU as one ping command."""
        return self.ping / self.answer


def measure(quick: bool) -> list[Figure]:
    """Bring up the example's worker with its sidecar, probe both ways, and end everything."""
    rounds, batch, rest, seconds = (3, 500, 5.0, 5.0) if quick else (10, 1000, 30.0, 20.0)
    with _pod() as pod:
        # Not counted: it compiles what later pings only load.
        _round(pod, batch)
        resting = _at_rest(pod, rest)
        pairs = [_round(pod, batch) for _ in range(rounds)]
        answers = _open_loop(pod.port, seconds)
        pod.sidecar.must_run()
        loaded = memory(family(pod.sidecar.pid))
    latencies = [latency * 1000 for latency in answers.latencies]
    ratio = estimate([pair.ratio for pair in pairs])
    ping, answer = median(pair.ping for pair in pairs), median(pair.answer for pair in pairs)
    in_worker = mean(pair.ping_in_worker for pair in pairs)
    pace = f"{REQUESTS_A_SECOND:g} requests/s for {seconds:g} s, open loop, a connection each"
    return [
        Figure(
            "CPU of one `celery inspect ping`, relative to one `/livez` answer",
            ratio.median,
            "times",
            at_least=300,
            low=ratio.low,
            high=ratio.high,
            how=f"median of {rounds} rounds",
        ),
        Figure(
            "CPU of one `celery -A shop.celery inspect ping`",
            ping * 1000,
            "ms",
            how=f"user and system time of the command; the worker uses another {in_worker * 1000:.1f} ms",
        ),
        Figure(
            "CPU of one `/livez` answer",
            answer * 1000,
            "ms",
            how=f"all CPU time of the sidecar, over {rounds} batches of {batch} requests, a connection each",
        ),
        Figure(
            "CPU of the sidecar without requests",
            resting * 100,
            "% of a core",
            how=f"over {rest:g} s: the sidecar reads the report and checks the broker",
        ),
        Figure(
            "`/livez`, 99th percentile",
            percentile(latencies, 99),
            "ms",
            at_most=10,
            how=f"{pace}; counted from the due time of the request; median {median(latencies):.2f} ms, "
            f"worst {max(latencies):.1f} ms",
        ),
        Figure("`/livez`, requests not answered with 200", answers.failures, at_most=0, how=pace),
        Figure(
            "memory of the sidecar",
            loaded.pss / MEGABYTE,
            "MB",
            at_most=45,
            how=f"PSS after the load; RSS {loaded.rss / MEGABYTE:.1f} MB",
        ),
    ]


@contextmanager
def _pod() -> Iterator[Pod]:
    with workplace() as directory, redis_server(directory / "redis") as redis:
        probe = directory / "probe"
        install(probe)
        port = free_port()
        env = (
            python_environment(directory)
            | shop_environment(redis.database(0), redis.database(1))
            | probe_environment(probe, port)
        )
        command = celery_command("-A", APP, "worker", "--concurrency", "2", agent=probe)
        with (
            running(command, env, directory / "worker.log") as worker,
            running(sidecar_command(), env, directory / "sidecar.log") as sidecar,
        ):
            wait_for(lambda: _ready(worker, sidecar, port), 60, "the worker consumes and the sidecar says so")
            yield Pod(worker, sidecar, port, env)


def _ready(worker: Program, sidecar: Program, port: int) -> bool:
    worker.must_run()
    sidecar.must_run()
    try:
        return b" 200 " in get(port, "/readyz")[:16]
    except OSError:
        return False


def _round(pod: Pod, batch: int) -> Round:
    worker = family(pod.worker.pid)
    before = cpu_seconds(worker)
    ping = run_to_end(celery_command("-A", APP, "inspect", "ping"), pod.env)
    in_worker = cpu_seconds(worker) - before
    if ping.status or "pong" not in ping.output:
        raise BenchError(f"`celery inspect ping` got no pong:\n{ping.output[-2000:]}")
    before = cpu_seconds([pod.sidecar.pid])
    for _ in range(batch):
        answer = get(pod.port, "/livez")
        if b" 200 " not in answer[:16]:
            raise BenchError(f"/livez did not answer with 200:\n{answer.decode(errors='replace')}")
    return Round(ping.cpu, in_worker, (cpu_seconds([pod.sidecar.pid]) - before) / batch)


def _at_rest(pod: Pod, seconds: float) -> float:
    """The share of a core that the sidecar uses by itself."""
    before = cpu_seconds([pod.sidecar.pid])
    time.sleep(seconds)
    pod.sidecar.must_run()
    return (cpu_seconds([pod.sidecar.pid]) - before) / seconds


def _open_loop(port: int, seconds: float) -> Answers:
    command = [sys.executable, "-m", "bench.load", f"--port={port}"]
    command += [f"--rate={REQUESTS_A_SECOND}", f"--seconds={seconds}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=seconds + 60, check=False
    )
    if done.returncode:
        raise BenchError(f"The load generator failed:\n{done.stderr[-2000:]}")
    answers = Answers(**json.loads(done.stdout))
    if not answers.latencies:
        raise BenchError(f"/livez answered none of {answers.failures} requests with 200.")
    return answers
