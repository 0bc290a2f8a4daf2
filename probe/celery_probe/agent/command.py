"""Which subcommand a ``celery`` command line runs, without parsing it in full."""

from __future__ import annotations

from typing import Sequence

# The options of `celery` itself that take a value; those of a subcommand come after its name.
VALUE_OPTIONS = frozenset(
    ("-A", "--app", "-b", "--broker", "--result-backend", "--loader", "--config", "--workdir")
)


def subcommand(arguments: Sequence[str]) -> str | None:
    """The first word that is neither an option of ``celery`` nor the value of one; None if there is none."""
    value_next = False
    for argument in arguments:
        if value_next:
            value_next = False
        elif argument in VALUE_OPTIONS:
            value_next = True
        elif not argument.startswith("-"):
            return argument
    return None
