"""The value of the label, from the arguments of a run."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from celery_health.wire.task_metrics import OTHER, VALUE_LENGTH

# What can name a customer. Everything else would be a text of any size.
_NAMING = (str, int, float, Decimal, UUID)


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a task: its name, its position (None: by name only), and its default."""

    name: str
    position: int | None = None
    default: Any = None

    def value(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """The label's value: empty where the argument is absent or None, ``other`` where it names nothing."""
        found = kwargs.get(self.name)
        if found is None and self.position is not None and self.position < len(args):
            found = args[self.position]
        if found is None:
            found = self.default
        return _text(found)


def argument_of(run: Any, name: str) -> Argument:
    """The argument ``name`` of a function or method; one that the function lacks may still come by name."""
    try:
        parameters = list(inspect.signature(run).parameters.values())
    except (TypeError, ValueError):
        return Argument(name)
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    for position, parameter in enumerate(parameters):
        if parameter.name == name:
            default = None if parameter.default is inspect.Parameter.empty else parameter.default
            return Argument(name, position if parameter.kind in positional else None, default)
    return Argument(name)


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, str):
        return value[:VALUE_LENGTH]
    if not isinstance(value, _NAMING):
        return OTHER
    try:
        return str(value)[:VALUE_LENGTH]
    except ValueError:
        # A number of more than 4,300 digits.
        return OTHER
