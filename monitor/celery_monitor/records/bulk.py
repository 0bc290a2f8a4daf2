"""One action on many tasks, and how far it is. Times are Unix time in seconds."""

import enum
from collections.abc import Mapping, Sequence

import msgspec


class BulkAction(enum.StrEnum):
    """What is done to each task."""

    CANCEL = "cancel"
    RETRY = "retry"


class BulkState(enum.StrEnum):
    """``PROPOSED``: it waits for its confirmation."""

    PROPOSED = "proposed"
    RUNNING = "running"
    DONE = "done"


class ItemState(enum.IntEnum):
    """Of one task of the action. The numbers are stored.

    ``SENDING``: the broker may have taken the message, and nothing is certain yet. ``UNCERTAIN``: that cannot
    be found out.
    """

    WAITING = 0
    SENDING = 1
    DONE = 2
    REFUSED = 3
    UNCERTAIN = 4


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """An action. ``filter``: in the filter language. ``count``: its tasks. ``expires``: of the proposal."""

    id: str
    action: BulkAction
    filter: str
    terminate: bool
    signal: str
    identity: str
    at: float
    expires: float
    count: int
    state: BulkState = BulkState.PROPOSED
    ended: float | None = None


class BulkItem(msgspec.Struct, frozen=True, kw_only=True):
    """One task of an action. ``new_id``: the id of its retry."""

    number: int
    task_id: str
    state: ItemState = ItemState.WAITING
    new_id: str | None = None
    problem: str | None = None


class BulkProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks are in each state, and how many have each problem, the most frequent one first."""

    states: Mapping[ItemState, int]
    problems: Sequence[tuple[str, int]]
