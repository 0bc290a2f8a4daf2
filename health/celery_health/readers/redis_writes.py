"""Does a Redis take writes? Asked with a command that writes nothing, or else read from its memory."""

from typing import Any

from redis import exceptions

from celery_health.broker import BrokerReason, RedisNaming
from celery_health.readers import failures
from celery_health.readers.failures import Failure
from celery_health.urls import BrokerUrl

_MEGABYTE = 1024 * 1024


def write_nothing(naming: RedisNaming) -> tuple[str | int, ...]:
    """A command that the server refuses whenever it refuses a message, and that changes no key."""
    return ("SETRANGE", f"{naming.key_prefix}celery-operator", 0, "")


def refused_write(answer: Any, memory: Any, role: Any, url: BrokerUrl) -> Failure | None:
    """Why messages cannot be sent, from the answers to ``write_nothing``, INFO memory and ROLE."""
    info = memory if isinstance(memory, dict) else {}
    if isinstance(answer, exceptions.ReadOnlyError) or (
        isinstance(role, list) and role[:1] in ([b"slave"], ["slave"])
    ):
        return Failure(
            BrokerReason.READ_ONLY,
            f"{url.address} is a replica, which takes no messages: write the master's address.",
        )
    if isinstance(answer, exceptions.OutOfMemoryError):
        return _out_of_memory(info, url)
    if isinstance(answer, exceptions.ResponseError) and str(answer).startswith(("MISCONF", "NOREPLICAS")):
        return Failure(BrokerReason.ERROR, f"{url.address} takes no writes: {failures.quoted(answer)}.")
    # A user who may not ask gets the same from the numbers, as long as nothing may be evicted at all.
    if isinstance(answer, exceptions.RedisError) and _is_full(info):
        return _out_of_memory(info, url)
    return None


def _is_full(info: dict[str, Any]) -> bool:
    used, limit, uncounted = (
        number if isinstance(number := info.get(name), int) else 0
        for name in ("used_memory", "maxmemory", "mem_not_counted_for_evict")
    )
    return info.get("maxmemory_policy") == "noeviction" and 0 < limit < used - uncounted


def _out_of_memory(info: dict[str, Any], url: BrokerUrl) -> Failure:
    limit = info.get("maxmemory")
    of = f" of {limit / _MEGABYTE:.0f} MB" if isinstance(limit, int) else ""
    return Failure(
        BrokerReason.OUT_OF_MEMORY,
        f"{url.address} is at its maxmemory{of} and refuses messages: raise maxmemory, or remove "
        "what fills it, such as a queue that nobody reads or results that do not expire.",
    )
