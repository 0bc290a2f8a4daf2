"""A connection of py-amqp that reads within a budget. By itself py-amqp reads what a frame announces."""

from typing import Any

import amqp

from celery_health.readers.budget import Budget


class BoundedConnection(amqp.Connection):  # type: ignore[misc]
    """Takes each part of a frame from the budget before it waits for its bytes."""

    def __init__(self, budget: Budget, **options: Any) -> None:
        super().__init__(**options)
        self._budget = budget

    def Transport(self, *arguments: Any, **options: Any) -> Any:  # noqa: N802 (py-amqp's name)
        """The transport of py-amqp, whose reads are counted."""
        transport = super().Transport(*arguments, **options)
        read = transport._read

        def counted(size: int, initial: bool = False) -> bytes:
            self._budget.take(size)
            data: bytes = read(size, initial)
            return data

        transport._read = counted
        return transport
