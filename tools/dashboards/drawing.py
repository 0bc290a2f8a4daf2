"""A dashboard as a picture, with the answers of a real Prometheus."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tools.dashboards.answers import Series
from tools.dashboards.grid import COLUMNS, Place, placed
from tools.dashboards.panel import Dashboard, Kind, Panel, Query, Row
from tools.dashboards.units import shown

_WIDTH_INCHES = 13.0
_UNIT_INCHES = 0.33
_MARGIN_INCHES = 0.12
_TITLE_INCHES = 0.32
_HEAD_INCHES = 0.6
_DOTS_PER_INCH = 90
_LETTERS_A_COLUMN, _LETTERS_OF_A_MARK, _LEGEND_LINES = 8, 8, 3
_MOST_ROWS, _MOST_LETTERS = 9, 26
_RED, _GREEN, _GREY = "#c4162a", "#37872d", "0.45"

Answers = Sequence[tuple[Query, Sequence[Series]]]
"""Of one panel: each query with its series."""


def draw(dashboard: Dashboard, answers: Sequence[Sequence[Series]], subtitle: str, path: Path) -> None:
    """``answers``: of each query, in the order of the panels. ``subtitle``: what was chosen at the top."""
    items = list(placed(dashboard.rows))
    units = max(place.top + place.height for _, place in items)
    height = _HEAD_INCHES + units * _UNIT_INCHES
    figure = Figure(figsize=(_WIDTH_INCHES, height), facecolor="#f4f5f5")
    figure.text(0.01, 1 - 0.25 / height, dashboard.title, fontsize=15, weight="bold", va="center")
    figure.text(0.01, 1 - 0.48 / height, subtitle, fontsize=9, color=_GREY, va="center")
    left = iter(answers)
    for one, place in items:
        if isinstance(one, Row):
            top = _HEAD_INCHES + (place.top + 0.55) * _UNIT_INCHES
            figure.text(0.01, 1 - top / height, one.title, fontsize=11, weight="bold", va="center")
        else:
            _draw_panel(figure, one, place, [(query, next(left)) for query in one.queries])
    figure.savefig(path, dpi=_DOTS_PER_INCH, metadata={"Software": None})


def _draw_panel(figure: Figure, panel: Panel, place: Place, answers: Answers) -> None:
    whole_width, whole_height = (float(size) for size in figure.get_size_inches())
    column = whole_width / COLUMNS
    x, width = place.left * column + _MARGIN_INCHES / 2, place.width * column - _MARGIN_INCHES
    top = _HEAD_INCHES + place.top * _UNIT_INCHES
    height = place.height * _UNIT_INCHES - _MARGIN_INCHES

    def rectangle(left: float, above: float, right: float, below: float) -> tuple[float, float, float, float]:
        """Inside the panel, with these distances in inches from its edges."""
        return (
            (x + left) / whole_width,
            1 - (top + height - below) / whole_height,
            (width - left - right) / whole_width,
            (height - above - below) / whole_height,
        )

    background = figure.add_axes(rectangle(0, 0, 0, 0), facecolor="white", xticks=[], yticks=[])
    background.spines[:].set_color("0.85")
    background.text(0.1 / width, 1 - 0.17 / height, panel.title, fontsize=9, fontweight="bold", va="center")
    if not any(series for _, series in answers):
        background.text(0.5, 0.45, "none", fontsize=12, color=_GREY, ha="center", va="center")
        return
    with_axis = panel.kind in {Kind.LINES, Kind.HEATMAP}
    inside = (
        rectangle(0.75, _TITLE_INCHES, 0.15, 0.75 if panel.kind is Kind.LINES else 0.3)
        if with_axis
        else rectangle(0.1, _TITLE_INCHES, 0.1, 0.05)
    )
    _DRAW[panel.kind](figure.add_axes(inside), panel, answers)


def _legend(query: Query, labels: Mapping[str, str]) -> str:
    if query.legend:
        return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), query.legend).strip()
    return ", ".join(labels.values()) or "value"


def _draw_lines(axes: Axes, panel: Panel, answers: Answers) -> None:
    for query, found in answers:
        for series in found:
            times, numbers = _points(series)
            axes.plot(times, numbers, linewidth=1.2, label=_legend(query, series["metric"]))  # type: ignore[arg-type] # dates
    axes.set_ylim(0, max(1.0, axes.get_ylim()[1]) if _is_flat(answers) else None)
    _style(axes, panel)
    handles, labels = axes.get_legend_handles_labels()
    fitting = int(panel.width * _LETTERS_A_COLUMN / (max(map(len, labels)) + _LETTERS_OF_A_MARK))
    columns = min(4, max(1, fitting))
    shown_ones = slice(0, columns * _LEGEND_LINES)
    axes.legend(
        handles[shown_ones],
        labels[shown_ones],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),
        ncols=columns,
        fontsize=7,
        labelspacing=0.25,
        frameon=False,
    )


def _is_flat(answers: Answers) -> bool:
    """Whether every line is at zero."""
    return not any(any(_points(series)[1]) for _, found in answers for series in found)


def _style(axes: Axes, panel: Panel) -> None:
    axes.xaxis.set_major_locator(AutoDateLocator(tz=UTC, minticks=2, maxticks=6))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M:%S", tz=UTC))  # type: ignore[no-untyped-call]
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, panel.unit)))
    axes.tick_params(labelsize=7, colors=_GREY, length=0)
    axes.grid(color="0.92", linewidth=0.6)
    axes.spines[:].set_visible(False)


def _points(series: Series) -> tuple[list[datetime], list[float]]:
    points = series["values"]
    return [datetime.fromtimestamp(at, UTC) for at, _ in points], [float(text) for _, text in points]


def _draw_number(axes: Axes, panel: Panel, answers: Answers) -> None:
    axes.set_axis_off()
    (_, series), *_ = answers
    value = float(series[0]["values"][-1][1])
    colour = "0.2"
    if panel.red_from is not None:
        colour = _RED if value >= panel.red_from else _GREEN
    elif panel.red_below is not None:
        colour = _RED if value < panel.red_below else _GREEN
    text = shown(value, panel.unit)
    axes.text(0.5, 0.5, text, fontsize=20, weight="bold", color=colour, ha="center", va="center")


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"


def _draw_table(axes: Axes, panel: Panel, answers: Answers) -> None:
    axes.set_axis_off()
    (_, found), *_ = answers
    end = max(series["values"][-1][0] for series in found)
    rows: list[list[str]] = [
        [
            *(_cut(series["metric"].get(label, "")) for label in panel.labels),
            shown(float(series["values"][-1][1]), panel.unit),
        ]
        for series in found
        if series["values"][-1][0] == end
    ]
    head, cells = [*panel.labels, "value"], sorted(rows)[:_MOST_ROWS]
    lengths = [max(map(len, column)) + 2 for column in zip(head, *cells, strict=True)]
    table = axes.table(
        cellText=cells,
        colLabels=head,
        colWidths=[length / sum(lengths) for length in lengths],
        cellLoc="left",
        colLoc="left",
        loc="upper left",
        edges="B",
    )
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    for (row, _), cell in table.get_celld().items():
        cell.set_edgecolor("0.85")
        cell.set_text_props(weight="bold" if row == 0 else "normal")


def _draw_heatmap(axes: Axes, panel: Panel, answers: Answers) -> None:
    """The buckets are cumulative: each colour is the difference between two."""
    (_, found), *_ = answers
    buckets = sorted(found, key=lambda series: float(series["metric"]["le"]))
    times = sorted({at for series in buckets for at, _ in series["values"]})
    rows: list[list[float]] = []
    below = dict.fromkeys(times, 0.0)
    for series in buckets:
        reached = below | {at: float(text) for at, text in series["values"]}
        rows.append([max(0.0, reached[at] - below[at]) for at in times])
        below = reached
    moments: Any = [datetime.fromtimestamp(at, UTC) for at in times]
    axes.pcolormesh(moments, range(len(rows)), rows, cmap="Oranges", shading="nearest")
    _style(axes, panel)
    every_third = range(0, len(buckets), 3)
    axes.set_yticks(every_third, [f"{buckets[at]['metric']['le']} s" for at in every_third])
    axes.grid(visible=False)


_DRAW: Mapping[Kind, Callable[[Axes, Panel, Answers], None]] = {
    Kind.LINES: _draw_lines,
    Kind.NUMBER: _draw_number,
    Kind.TABLE: _draw_table,
    Kind.HEATMAP: _draw_heatmap,
}
