"""Slots of time: what the indexes of labels have on PostgreSQL instead of the exact time.

All tasks of a label in one slot share one entry of the index, which makes it a tenth as large. The tasks of a
slot are sorted when they are read.
"""

import math

SLOT_SECONDS = 8
SLOT = f"floor(at / {SLOT_SECONDS})::bigint"
"""The expression that the indexes are made of."""
SLOTTED = ("state_id", "name_id", "worker_id", "queue_id")
"""The columns whose indexes have slots."""


def slot_of(at: float) -> int:
    """The slot of a time."""
    return math.floor(at / SLOT_SECONDS)
