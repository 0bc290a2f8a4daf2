"""A Redis server in detail, for a person who looks: its version, memory and clients, and what fills it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from celery_health.broker import BrokerReading, BrokerReason
from celery_health.urls import BrokerUrl, UrlError, parse


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

    About ``scanned`` of the ``total`` keys were looked at; ``sampled`` says that it was not all of them.
    ``reply_keys``: lists with answers to remote control commands that nobody has fetched.
    A result that is no JSON counts as UNREADABLE.
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
    # Here: the redis package is large, and not everyone who knows these records looks at a server.
    from celery_health.readers import reader_for  # noqa: PLC0415

    reader = reader_for(url)
    try:
        reading = await reader.read(())
    finally:
        await reader.close()
    # A replica and a full server are not reachable as a broker, and still tell about themselves.
    tells = reading.reachable or reading.reason in {BrokerReason.OUT_OF_MEMORY, BrokerReason.READ_ONLY}
    if not tells or not (redis_url := _redis_url(url, reading.address)):
        return RedisServer(reading)
    from celery_health.readers.redis_details import read_details  # noqa: PLC0415

    return await read_details(redis_url, reading, key_prefix, budget_seconds, budget_keys)


def server_of(reading: BrokerReading, info: Mapping[str, Any], keys: int | None) -> RedisServer:
    """The record from the answers to INFO and DBSIZE."""
    return RedisServer(
        reading=reading,
        version=_text(info, "redis_version"),
        mode=_text(info, "redis_mode"),
        role=_text(info, "role"),
        uptime_seconds=_number(info, "uptime_in_seconds"),
        connected_clients=_number(info, "connected_clients"),
        max_clients=_number(info, "maxclients"),
        used_memory=_number(info, "used_memory"),
        maxmemory=_number(info, "maxmemory"),
        maxmemory_policy=_text(info, "maxmemory_policy"),
        keys=keys,
        keyspace=_keyspace(info),
        persistence=_persistence(info) if info else None,
    )


def with_tasks(server: RedisServer, tasks: TaskCounts | None) -> RedisServer:
    """The record with what the scan of the keys brought."""
    return replace(server, tasks=tasks)


def _redis_url(url: str, address: str) -> BrokerUrl | None:
    """The URL of the server that answered, which of several is the one with that address."""
    try:
        first = parse(url)
    except UrlError:
        return None
    if not first.kind.is_redis:
        return None
    return next((one for one in (first, *first.alternates) if one.address == address), first)


def _text(info: Mapping[str, Any], name: str) -> str | None:
    value = info.get(name)
    return None if value is None else str(value)


def _number(info: Mapping[str, Any], name: str) -> int | None:
    value = info.get(name)
    return value if isinstance(value, int) else None


def _ok(info: Mapping[str, Any], name: str) -> bool | None:
    return None if name not in info else info[name] == "ok"


def _keyspace(info: Mapping[str, Any]) -> tuple[Keyspace, ...]:
    databases = ((int(name[2:]), counts) for name, counts in info.items() if _is_database(name, counts))
    return tuple(
        Keyspace(number, int(counts.get("keys", 0)), int(counts.get("expires", 0)))
        for number, counts in sorted(databases, key=lambda one: one[0])
    )


def _is_database(name: str, counts: Any) -> bool:
    return name.startswith("db") and name[2:].isdigit() and isinstance(counts, dict)


def _persistence(info: Mapping[str, Any]) -> Persistence:
    saved = _number(info, "rdb_last_save_time")
    aof = _number(info, "aof_enabled")
    return Persistence(
        last_save_age=None if saved is None else max(0.0, time.time() - saved),
        last_save_ok=_ok(info, "rdb_last_bgsave_status"),
        aof_enabled=None if aof is None else bool(aof),
        aof_ok=_ok(info, "aof_last_write_status"),
        loading=bool(_number(info, "loading")),
    )
