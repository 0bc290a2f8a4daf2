"""A Redis server in detail, for a person who looks: its version, memory and clients, and what fills it."""

from collections.abc import Mapping
from dataclasses import dataclass

from celery_health.broker import BrokerReading


@dataclass(frozen=True, slots=True)
class Keyspace:
    """One database of the server: its keys, and how many of them expire."""

    database: int
    keys: int
    expires: int


@dataclass(frozen=True, slots=True)
class Persistence:
    """What would survive a restart. None where the server does not tell; ages in seconds."""

    last_save_age: float | None
    last_save_ok: bool | None
    aof_enabled: bool | None
    aof_ok: bool | None
    loading: bool


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Results in the database by the state of their task, as far as the budget of the look went.

    ``scanned`` of the ``total`` keys were looked at; ``sampled`` says that it was not all of them.
    ``reply_keys``: lists with answers to remote control commands that nobody has fetched.
    """

    by_state: Mapping[str, int]
    scanned: int
    total: int
    sampled: bool
    reply_keys: int


@dataclass(frozen=True, slots=True)
class RedisServer:
    """One look at a Redis server. None for what its user may not ask, or where it was not reached.

    ``reading`` says whether it was reached, in words for a person. Memory in bytes; a ``maxmemory`` of 0 is
    no limit. ``keys`` are those of the URL's database.
    """

    reading: BrokerReading
    version: str | None = None
    mode: str | None = None
    role: str | None = None
    uptime_seconds: int | None = None
    connected_clients: int | None = None
    max_clients: int | None = None
    used_memory: int | None = None
    maxmemory: int | None = None
    maxmemory_policy: str | None = None
    keys: int | None = None
    keyspace: tuple[Keyspace, ...] = ()
    persistence: Persistence | None = None
    tasks: TaskCounts | None = None


async def read_redis_server(
    url: str, *, key_prefix: str = "", budget_seconds: float = 1.0, budget_keys: int = 200_000
) -> RedisServer:
    """Look once. Never raises for an ill server or an unreadable URL: see ``reading``.

    ``key_prefix`` is that of the results (``global_keyprefix``). Keys are counted by SCAN for at most
    ``budget_seconds`` and ``budget_keys``.
    """
    from celery_health.readers import reader_for  # noqa: PLC0415

    reader = reader_for(url)
    try:
        return RedisServer(reading=await reader.read(()))
    finally:
        await reader.close()
