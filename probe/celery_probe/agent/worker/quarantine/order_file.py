"""Which task ids are in quarantine, as the sidecar's file has it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from celery_probe.agent import contract
from celery_probe.agent.channel import ReportDirectory


class Order(NamedTuple):
    """The task ids in quarantine, and the dead-letter queue. Ids have a name's length."""

    queue: str
    ids: frozenset[str]


class OrderFile:
    """The order that the sidecar has written last."""

    def __init__(self, directory: ReportDirectory) -> None:
        self._directory = directory
        self._mark: Any = None

    def changed(self) -> Order | None:
        """The order if it has changed, else None. An unreadable file raises, and is no change."""
        mark = self._directory.quarantine_mark()
        if mark == self._mark:
            return None
        self._mark = mark
        return _order(self._directory.read_quarantine()) if mark else Order("", frozenset())


def _order(text: bytes) -> Order:
    document = json.loads(text)
    if document["version"] != contract.VERSION:
        raise ValueError
    order = document["quarantine"]
    return Order(str(order["queue"]), frozenset(map(str, order["ids"])))
