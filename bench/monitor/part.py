"""The figures of the monitor's ingestion, beside those of Flower with the same events."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.testbed.databases import postgres_server
from tools.testbed.servers import redis_server

from bench.monitor.programs import Load, Result, of_flower, of_ours
from bench.report import Figure

_MEGABYTE = 1_000_000
_BATCH = 20


def measure(quick: bool) -> Sequence[Figure]:
    """Measure Flower and the monitor one after the other, each with a process of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="celery-bench-") as name,
        redis_server(Path(name) / "redis") as redis,
    ):
        directory, port = Path(name), redis.port
        flower = of_flower(directory, port, Load(2_000 if quick else 20_000, 1, 1_500))
        return [
            _rate("Flower 2.2, one event a message", flower),
            *_without_history(directory, port, flower, quick),
            *_with_history(directory, port, flower, quick),
            *_capacity(directory, port, quick),
        ]


def _without_history(directory: Path, port: int, flower: Result, quick: bool) -> list[Figure]:
    flower_batched = of_flower(directory, port, Load(2_000 if quick else 20_000, _BATCH, 1_500))
    ours = of_ours(directory, port, Load(5_000 if quick else 40_000, 1, 3_000))
    batched = of_ours(directory, port, Load(20_000 if quick else 200_000, _BATCH, 20_000))
    return [
        _rate(f"Flower 2.2, {_BATCH} events a message", flower_batched),
        _rate("the monitor, one event a message", ours),
        _ratio("the same, relative to Flower with one event a message", ours, flower, 6),
        _rate(f"the monitor, {_BATCH} events a message", batched),
        _ratio("the same, relative to Flower with one event a message", batched, flower, 15),
        _ratio("the same, relative to Flower with the same messages", batched, flower_batched, None),
    ]


def _with_history(directory: Path, port: int, flower: Result, quick: bool) -> list[Figure]:
    load = Load(5_000 if quick else 40_000, 1, 3_000)
    sqlite = of_ours(directory, port, load, f"sqlite:///{directory / 'history.db'}")
    with postgres_server() as server:
        postgresql = of_ours(directory, port, load, server.database())
    return [
        _rate("the monitor with SQLite, one event a message", sqlite),
        _ratio("the same, relative to Flower", sqlite, flower, 3),
        _rate("the monitor with PostgreSQL, one event a message", postgresql),
        _ratio("the same, relative to Flower", postgresql, flower, 4),
    ]


def _capacity(directory: Path, port: int, quick: bool) -> list[Figure]:
    steady = of_ours(directory, port, Load(5_000 if quick else 40_000, 1, 5_000))
    million = of_ours(directory, port, Load(33_400 if quick else 333_400, _BATCH, 0))
    return [
        Figure(
            "events lost at 5,000 events/s, one event a message",
            steady.published - steady.received,
            at_most=0,
            how=f"{steady.published:,} events",
        ),
        Figure(
            f"memory after a flood of {million.published:,} events",
            million.pss / _MEGABYTE,
            "MB",
            at_most=120,
            how=f"PSS, without history; as fast as Redis takes them, {_BATCH} events a "
            f"message; {million.dropped:,} were dropped and counted",
        ),
        Figure("events of the flood that are in no count", million.lost, at_most=0),
    ]


def _rate(what: str, result: Result) -> Figure:
    return Figure(
        what,
        result.per_cpu_second,
        "events per CPU-second",
        how=f"{result.received:,} of {result.published:,} events; PSS {result.pss / _MEGABYTE:.0f} MB",
    )


def _ratio(what: str, one: Result, other: Result, at_least: float | None) -> Figure:
    return Figure(what, one.per_cpu_second / other.per_cpu_second, "times", at_least=at_least)
