"""What a dashboard consists of, before it becomes Grafana's JSON."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a panel shows its queries; the value is Grafana's type."""

    LINES = "timeseries"
    NUMBER = "stat"
    TABLE = "table"
    HEATMAP = "heatmap"


class Unit(StrEnum):
    """Grafana's names of units."""

    NUMBER = "short"
    SECONDS = "s"
    PERCENT = "percent"
    PER_SECOND = "cps"
    BYTES = "bytes"
    YES_NO = "bool"


@dataclass(frozen=True, slots=True)
class Query:
    """A query, and what its series are called: ``{{label}}`` in it is Grafana's."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. ``text`` says how to read it. ``width``: of 24 columns.

    ``red_from`` and ``red_below``: the value from which on, or below which, a number is red.
    ``labels``: the columns of a table, beside its value.
    """

    title: str
    text: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    unit: Unit = Unit.NUMBER
    width: int = 12
    height: int = 8
    red_from: float | None = None
    red_below: float | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading, side by side as they fit."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard: the values that the label ``label`` has in the answer to a query.

    ``several``: more than one value, or all of them, can be chosen.
    """

    name: str
    title: str
    expression: str
    label: str
    several: bool = True


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard. ``uid`` is part of its address and never changes."""

    uid: str
    title: str
    text: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
