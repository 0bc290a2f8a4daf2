"""The answer of a worker to ``active_queues``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ConsumedQueue:
    """A queue that a worker consumes.

    ``private``: it is exclusive, is deleted with its worker, or is for broadcasts. ``for_broadcasts``: its
    messages are copies for each worker. In Redis there is no list of them.
    """

    name: str
    private: bool = False
    for_broadcasts: bool = False


def read_queues(answer: object) -> tuple[ConsumedQueue, ...]:
    """From the answer to ``active_queues``. Entries without a name are left out."""
    entries = answer if isinstance(answer, list) else ()
    return tuple(
        _queue(entry) for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    )


def _queue(entry: Mapping[str, Any]) -> ConsumedQueue:
    exchange = entry.get("exchange")
    for_broadcasts = isinstance(exchange, dict) and exchange.get("type") == "fanout"
    private = bool(entry.get("exclusive") or entry.get("auto_delete") or for_broadcasts)
    return ConsumedQueue(entry["name"], private, for_broadcasts)
