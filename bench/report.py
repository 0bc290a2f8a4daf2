"""Figures beside their targets, as a table on the terminal and in a Markdown page."""

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from tools.generated_part import wrapped

from bench.errors import BenchError

HEADINGS = ("what", "measured", "target", "met", "how")
LIBRARIES = ("celery", "kombu", "redis", "aiohttp", "kopf", "kubernetes")


class Met(StrEnum):
    """Whether a target is met. UNCLEAR: the interval of the measurement reaches over it to both sides."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"
    NO_TARGET = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. Without ``at_most`` and ``at_least`` it is there to be known, not to be met.

    ``low`` and ``high`` bound where the true value lies, if the measurement shows it.
    """

    what: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    low: float | None = None
    high: float | None = None
    how: str = ""

    @property
    def met(self) -> Met:
        """Whether the target is met."""
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if self.at_most is not None:
            return _verdict(high <= self.at_most, low > self.at_most)
        if self.at_least is not None:
            return _verdict(low >= self.at_least, high < self.at_least)
        return Met.NO_TARGET

    def cells(self) -> tuple[str, ...]:
        """The words of the row, one for each heading."""
        measured = _quantity(self.value, self.unit)
        if self.low is not None and self.high is not None:
            measured += f" ({_number(self.low)} to {_number(self.high)})"
        target = ""
        if self.at_most is not None:
            target = f"at most {_quantity(self.at_most, self.unit)}"
        elif self.at_least is not None:
            target = f"at least {_quantity(self.at_least, self.unit)}"
        return self.what, measured, target, self.met, self.how


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words that explain the figures and follow them."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image; ``draw`` writes it. ``path`` leads there from the folder of the page."""

    path: str
    draw: Callable[[Path], None]


Finding = Figure | Table | Picture


def say(text: str) -> None:
    """A line about how far a measurement is, beside the figures and not among them."""
    print(text, file=sys.stderr, flush=True)


def as_text(findings: Sequence[Finding]) -> str:
    """The tables for a terminal; what stands under ``how`` follows each figure, as it is long."""
    figures = [finding for finding in findings if isinstance(finding, Figure)]
    tables = [finding for finding in findings if isinstance(finding, Table)]
    lines = _aligned([HEADINGS[:-1], *(figure.cells()[:-1] for figure in figures)])
    notes = ["", *(f"    {figure.how}" if figure.how else "" for figure in figures)]
    parts = ["\n".join(line for pair in zip(lines, notes, strict=True) for line in pair if line.strip())]
    parts += ["\n".join(_aligned([table.headings, *table.rows])) for table in tables]
    return "\n\n".join(parts)


def as_markdown(findings: Sequence[Finding]) -> str:
    """The tables for a page."""
    figures = [finding for finding in findings if isinstance(finding, Figure)]
    tables = [Table(HEADINGS, [figure.cells() for figure in figures])]
    tables += [finding for finding in findings if isinstance(finding, Table)]
    return "\n\n".join(
        "\n".join(
            "| " + " | ".join(row) + " |"
            for row in [table.headings, ["---"] * len(table.headings), *table.rows]
        )
        for table in tables
    )


def rewrite_figures(page: Path, part: str, when: str, findings: Sequence[Finding]) -> None:
    """Replace the tables of ``part`` in a Markdown page; ``when`` is a line of ``circumstances``.

    Raises:
        BenchError: the page or its markers are missing.
    """
    measured = "\n".join(wrapped(f"Measured {when}."))
    rewrite(page, part, f"{measured}\n\n{as_markdown(findings)}")


def draw(findings: Sequence[Finding], page: Path) -> None:
    """The pictures, beside the page."""
    for finding in findings:
        if isinstance(finding, Picture):
            finding.draw(page.parent / finding.path)


def circumstances() -> str:
    """One line: when, on what machine and with which versions."""
    load = os.getloadavg()[0]
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {load:.1f} at the start; "
        f"Python {platform.python_version()}, {libraries}, Redis server {_redis_version()}"
    )


def has_place(page: Path, part: str) -> bool:
    """Whether ``part`` has its markers in a page; True without a page: ``rewrite`` says why."""
    return not page.is_file() or _markers(part)[0] in page.read_text()


def require_place(page: Path, part: str) -> None:
    """Check before measuring that the figures can be written afterwards.

    Raises:
        BenchError: the page or its markers are missing.
    """
    _place(page, part)


def rewrite(page: Path, part: str, text: str) -> None:
    """Replace what stands between the markers of ``part`` in a Markdown page.

    Raises:
        BenchError: the page or its markers are missing.
    """
    begin, end = _markers(part)
    place = _place(page, part)
    page.write_text(place.re.sub(lambda _: f"{begin}\n{text}\n{end}", place.string))


def _markers(part: str) -> tuple[str, str]:
    return f"<!-- bench {part} -->", f"<!-- end of bench {part} -->"


def _place(page: Path, part: str) -> re.Match[str]:
    """Where the figures of ``part`` stand in a page, with their markers."""
    begin, end = _markers(part)
    try:
        old = page.read_text()
    except FileNotFoundError as error:
        raise BenchError(f"There is no page {page}: make one that holds {begin} and {end}.") from error
    place = re.search(re.escape(begin) + ".*?" + re.escape(end), old, re.DOTALL)
    if place is None:
        raise BenchError(
            f"{page} has no place for these figures: put {begin} and {end} on lines of their own."
        )
    return place


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _verdict(within: bool, outside: bool) -> Met:
    if within:
        return Met.YES
    return Met.NO if outside else Met.UNCLEAR


def _quantity(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}".rstrip()


def _number(value: float) -> str:
    """Three digits that count, as more would pretend."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1 if abs(value) >= 10 else 2
    # Adding 0.0 turns a rounded -0.0 into 0.0.
    return f"{round(value, digits) + 0.0:.{digits}f}".rstrip("0").rstrip(".")


def _redis_version() -> str:
    try:
        words = subprocess.run(
            ["redis-server", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return "not installed"
    found = re.search(r"v=(\S+)", words)
    return found.group(1) if found else "of unknown version"
