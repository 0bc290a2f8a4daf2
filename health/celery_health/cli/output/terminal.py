"""Tables and colours for the terminal. Import it only to print: rich takes a tenth of a second."""

import click
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from celery_health.catalogue.health import HealthState

COLOURS = {
    HealthState.HEALTHY: "bold green",
    HealthState.UNKNOWN: "bold magenta",
    HealthState.DEGRADED: "bold yellow",
    HealthState.UNHEALTHY: "bold red",
}
_WIDTH_WITHOUT_TERMINAL = 160


def console() -> Console:
    """A console as wide as the terminal. In a pipe or a file there is no width, and few lines are broken."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=_WIDTH_WITHOUT_TERMINAL)


def show(page: RenderableType) -> None:
    """Print it. In a pipe or a file, lines end without the blanks that fill a table's last column.

    A text that must not be broken, such as a command, is printed beyond the width.
    """
    output = console()
    if output.is_terminal:
        output.print(page, crop=False)
        return
    with output.capture() as captured:
        output.print(page, crop=False)
    click.echo("\n".join(line.rstrip(" ") for line in captured.get().split("\n")), nl=False)


def new_table(title: str, *columns: str) -> Table:
    """An empty table. A column that ends with ``>`` is aligned to the right."""
    # A text: in a string, rich takes [red] for a colour.
    heading = Text(title, "bold") if title else None
    table = Table(title=heading, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        name, right, _ = column.partition(">")
        table.add_column(name, justify="right" if right else "left", overflow="fold", header_style="dim")
    return table
