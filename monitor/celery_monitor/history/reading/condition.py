"""One SQL condition of a query on tasks."""

from collections.abc import Sequence
from typing import Any, NamedTuple

NARROW = 5_000
"""Up to this number of tasks, it is fastest to read them all and sort them."""


class Condition(NamedTuple):
    """One condition.

    ``estimate``: at most how many tasks meet it, None if unknown or more than NARROW and not counted.
    ``exact``: the estimate is their number. ``column``: the first column of the index that finds these
    tasks; empty if SQLite may choose. ``single``: the column equals one value, so the index has the tasks in
    the order of time. ``either``: two conditions that no task meets both of, and that together are this one.
    Each of them is found faster alone.
    """

    sql: str
    parameters: Sequence[Any] = ()
    estimate: int | None = None
    column: str | None = None
    single: bool = False
    exact: bool = True
    either: "tuple[Condition, ...]" = ()


NOTHING = Condition("1 = 0", (), 0)
