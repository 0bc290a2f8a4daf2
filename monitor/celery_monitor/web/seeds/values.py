"""Results of tasks as JSON without secrets, within a size."""

import json
from typing import Any

from celery_health.urls import MASK
from celery_monitor.texts import Texts

MAX_CHARACTERS = 64 * 1024
"""Of a result. A larger one is shown as the beginning of its text."""
_MAX_DEPTH = 20

TEXTS = Texts()


def shown_result(value: object) -> Any:
    """The result as JSON has it. What JSON does not have, and what is too large, is the start of its text."""
    cleaned = _cleaned(value, _MAX_DEPTH)
    try:
        text = json.dumps(cleaned, allow_nan=False)
    except ValueError:  # a number that JSON does not have
        return TEXTS.shown(repr(value))
    return cleaned if len(text) <= MAX_CHARACTERS else TEXTS.shown(text)


def _cleaned(value: object, levels: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return TEXTS.shown(value, MAX_CHARACTERS)
    if levels and isinstance(value, dict):
        return {
            str(name): MASK if TEXTS.is_secret(str(name)) else _cleaned(one, levels - 1)
            for name, one in value.items()
        }
    if levels and isinstance(value, list | tuple):
        return [_cleaned(one, levels - 1) for one in value]
    return TEXTS.shown(repr(value))
