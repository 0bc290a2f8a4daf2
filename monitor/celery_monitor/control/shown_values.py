"""Values that tasks and workers return, as JSON without secrets, within a size."""

import json
from typing import Any

from celery_health.masking import MASK
from celery_monitor.texts import Texts

MAX_CHARACTERS = 64 * 1024
"""Of one value. A larger one is shown as the beginning of its text."""
_MAX_DEPTH = 20

_TEXTS = Texts()


def shown_value(value: object) -> Any:
    """The value as JSON has it. What JSON does not have, and what is too large, is the start of its text."""
    found = cleaned(value)
    try:
        text = json.dumps(found, allow_nan=False)
    except ValueError:  # a number that JSON does not have
        return shown_text(repr(value))
    return found if len(text) <= MAX_CHARACTERS else shown_text(text)


def shown_text(text: str) -> str:
    """The beginning of a text."""
    return _TEXTS.shown(text)


def shown_traceback(text: str) -> str:
    """The end of a traceback."""
    return _TEXTS.traceback(text)


def cleaned(value: object, levels: int = _MAX_DEPTH) -> Any:
    """The value as JSON has it, of any size."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _TEXTS.shown(value, MAX_CHARACTERS)
    if levels and isinstance(value, dict):
        return {str(name): _member(str(name), one, levels - 1) for name, one in value.items()}
    if levels and isinstance(value, list | tuple):
        return [cleaned(one, levels - 1) for one in value]
    return shown_text(repr(value))


def _member(name: str, value: object, levels: int) -> Any:
    return MASK if value not in (None, "") and _TEXTS.is_secret(name) else cleaned(value, levels)
