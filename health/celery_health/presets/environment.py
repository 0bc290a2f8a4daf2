"""Options of a worker from environment variables, so that one image serves many groups."""

import logging
import os
from collections.abc import Mapping
from typing import Any

from celery import signals

from celery_health.presets.preset import Preset, PresetError, Setting

# The first name that is set counts.
CONCURRENCY = ("CELERY_WORKER_CONCURRENCY", "CELERY_CONCURRENCY")
MAX_TASKS_PER_CHILD = ("CELERY_WORKER_MAX_TASKS_PER_CHILD",)
LOG_LEVEL = ("CELERY_LOG_LEVEL", "CELERY_LOGLEVEL")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_UID = "celery_health.presets.log_level"


def worker_options(environment: Mapping[str, str] = os.environ) -> Preset:
    """The options in CELERY_WORKER_CONCURRENCY, CELERY_WORKER_MAX_TASKS_PER_CHILD and CELERY_LOG_LEVEL.

    CELERY_CONCURRENCY and CELERY_LOGLEVEL are other names for the first and the last.
    An unset or empty variable changes nothing. The command line of the worker takes precedence over the
    first two. CELERY_LOG_LEVEL takes precedence over ``--loglevel``: Celery has no setting for the level, so
    it is set on the loggers after Celery has created them.

    Raises:
        PresetError: a value is invalid.
    """
    settings = []
    concurrency = _whole_number(environment, CONCURRENCY, example=4)
    if concurrency is not None:
        settings.append(
            Setting(
                "worker_concurrency",
                concurrency,
                f"From {CONCURRENCY[0]}: the number of slots of one worker. More slots than CPUs help only "
                "tasks that wait for I/O. Cost: the memory of each prefork child.",
            )
        )
    tasks = _whole_number(environment, MAX_TASKS_PER_CHILD, example=1000)
    if tasks is not None:
        settings.append(
            Setting(
                "worker_max_tasks_per_child",
                tasks,
                f"From {MAX_TASKS_PER_CHILD[0]}: a lower number limits leaks sooner and starts child "
                "processes more often.",
            )
        )
    level = _level(environment)
    if level is not None:
        _set_log_level(level)
    return Preset(settings)


def _first_set(environment: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    """The first name with a value, and its value; the value is empty if no name has one."""
    found = ((name, environment.get(name, "").strip()) for name in names)
    return next((pair for pair in found if pair[1]), (names[0], ""))


def _whole_number(environment: Mapping[str, str], names: tuple[str, ...], *, example: int) -> int | None:
    name, text = _first_set(environment, names)
    if not text:
        return None
    # int() alone would accept "1_000" and "+4", which other programs do not.
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise PresetError(f"{name} is {text!r}: use a whole number of 1 or more, such as {example}.")
    return int(text)


def _level(environment: Mapping[str, str]) -> str | None:
    name, text = _first_set(environment, LOG_LEVEL)
    if not text:
        return None
    level = text.upper()
    if level not in LEVELS:
        raise PresetError(f"{name} is {text!r}: use one of {', '.join(LEVELS)}.")
    return level


def _set_log_level(level: str) -> None:
    def set_level(logger: logging.Logger, **_: Any) -> None:
        logger.setLevel(level)

    # The id makes a second call replace the first.
    for signal in (signals.after_setup_logger, signals.after_setup_task_logger):
        signal.disconnect(dispatch_uid=_UID)
        signal.connect(set_level, weak=False, dispatch_uid=_UID)
