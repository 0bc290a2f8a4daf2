"""Details of a Redis server: version, memory, clients, persistence, and what its keys are."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celery_health.broker import BrokerReading


@dataclass(frozen=True, slots=True)
class Keyspace:
    """One database of the server: the number of its keys, and of those that expire."""

    database: int
    keys: int
    expires: int


@dataclass(frozen=True, slots=True)
class Persistence:
    """What would survive a restart. None where the server does not say. Ages in seconds."""

    last_save_age: float | None
    last_save_ok: bool | None
    aof_enabled: bool | None
    aof_ok: bool | None
    loading: bool


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """The results in the database by the state of their task.

    About ``scanned`` of the ``total`` keys were read. ``sampled`` is True if those are not all keys.
    ``reply_keys``: lists with answers to remote control commands that no client has fetched.
    A result that is not JSON counts as UNREADABLE.
    """

    by_state: Mapping[str, int]
    scanned: int
    total: int
    sampled: bool
    reply_keys: int


@dataclass(frozen=True, slots=True)
class RedisServer:
    """Details of one server. None for what the user may not read, or where the server was not reached.

    ``reading`` says whether it was reached. Memory in bytes; a ``maxmemory`` of 0 means no limit. ``keys``
    counts the keys of the URL's database.
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


def server_from_info(reading: BrokerReading, info: Mapping[str, Any], keys: int | None) -> RedisServer:
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
