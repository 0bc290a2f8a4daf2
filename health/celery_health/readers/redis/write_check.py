"""Whether a Redis server accepts writes, found out without writing anything."""

from typing import Any

from redis import exceptions

from celery_health.broker import RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.reachability import Reachability
from celery_health.urls import BrokerUrl

_MEGABYTE = 1024 * 1024
_REMEDIES = {
    "MISCONF": "see in its log why it could not save its data, often because its disk is full",
    "NOREPLICAS": "start its replicas, or lower min-replicas-to-write",
}


def write_nothing(naming: RedisNaming) -> tuple[str | int, ...]:
    """A command that the server refuses whenever it refuses a message. It changes no key."""
    return ("SETRANGE", f"{naming.key_prefix}celery-operator", 0, "")


def refused_write(answer: Any, memory: Any, role: Any, url: BrokerUrl) -> Reachability | None:
    """Why messages cannot be sent, by the answers to ``write_nothing``, INFO memory and ROLE; or None."""
    info = memory if isinstance(memory, dict) else {}
    first = role[0] if isinstance(role, list) and role else None
    if first in {b"sentinel", "sentinel"}:
        return Reachability(
            BrokerReason.ERROR,
            f"{url.address} is a Sentinel and keeps no messages: write sentinel://, with master_name in "
            "broker_transport_options, or the address of the master.",
        )
    if isinstance(answer, exceptions.ReadOnlyError) or first in {b"slave", "slave"}:
        return Reachability(
            BrokerReason.READ_ONLY,
            f"{url.address} is a replica, which accepts no messages: use the master's address.",
        )
    if isinstance(answer, exceptions.OutOfMemoryError):
        return _out_of_memory(info, url)
    for error, remedy in _REMEDIES.items():
        if isinstance(answer, exceptions.ResponseError) and str(answer).startswith(error):
            words = reachability.quoted(answer)
            return Reachability(BrokerReason.ERROR, f"{url.address} accepts no writes ({words}): {remedy}.")
    # Where the user may not use SETRANGE, the memory figures say the same, as long as nothing may be evicted.
    if isinstance(answer, exceptions.RedisError) and _is_full(info):
        return _out_of_memory(info, url)
    return None


def _is_full(info: dict[str, Any]) -> bool:
    used, limit, uncounted = (
        number if isinstance(number := info.get(name), int) else 0
        for name in ("used_memory", "maxmemory", "mem_not_counted_for_evict")
    )
    return info.get("maxmemory_policy") == "noeviction" and 0 < limit < used - uncounted


def _out_of_memory(info: dict[str, Any], url: BrokerUrl) -> Reachability:
    limit = info.get("maxmemory")
    of = f" of {limit / _MEGABYTE:.0f} MB" if isinstance(limit, int) else ""
    return Reachability(
        BrokerReason.OUT_OF_MEMORY,
        f"{url.address} has reached its maxmemory{of} and refuses messages: raise maxmemory, or remove "
        "what fills it, such as a queue without workers or results that do not expire.",
    )
