"""Where each panel of a dashboard is: panels of a row stand side by side as they fit."""

from collections.abc import Iterator
from dataclasses import dataclass

from tools.dashboards.panel import Panel, Row

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle, in columns from the left and in units of height from the top."""

    left: int
    top: int
    width: int
    height: int


def placed(rows: tuple[Row, ...]) -> Iterator[tuple[Row | Panel, Place]]:
    """Each row's heading and its panels, in order, with their places."""
    top = 0
    for row in rows:
        yield row, Place(0, top, COLUMNS, 1)
        top, left, highest = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                top, left, highest = top + highest, 0, 0
            yield panel, Place(left, top, panel.width, panel.height)
            left, highest = left + panel.width, max(highest, panel.height)
        top += highest
