"""Options of a worker from its environment, so that one image serves many groups."""

import logging
import os
from collections.abc import Mapping
from typing import Any

from celery import signals

from celery_health.presets.preset import Preset, PresetError, Setting

CONCURRENCY = "CELERY_WORKER_CONCURRENCY"
MAX_TASKS_PER_CHILD = "CELERY_WORKER_MAX_TASKS_PER_CHILD"
LOG_LEVEL = "CELERY_LOG_LEVEL"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

_UID = "celery_health.presets.log_level"


def worker_options(environment: Mapping[str, str] = os.environ) -> Preset:
    """What CELERY_WORKER_CONCURRENCY, CELERY_WORKER_MAX_TASKS_PER_CHILD and CELERY_LOG_LEVEL say.

    A variable that is not there, or empty, changes nothing. An option on the worker's command line wins over
    the first two. CELERY_LOG_LEVEL wins over ``--loglevel``: Celery has no setting for it, so it is put on
    the loggers once Celery has made them.

    Raises:
        PresetError: a value that cannot be.
    """
    settings = []
    concurrency = _whole_number(environment, CONCURRENCY, 4)
    if concurrency is not None:
        settings.append(
            Setting(
                "worker_concurrency",
                concurrency,
                f"From {CONCURRENCY}: tasks that run at once in one worker. More than CPUs helps only tasks "
                "that wait; each prefork child costs its memory.",
            )
        )
    tasks = _whole_number(environment, MAX_TASKS_PER_CHILD, 1000)
    if tasks is not None:
        settings.append(
            Setting(
                "worker_max_tasks_per_child",
                tasks,
                f"From {MAX_TASKS_PER_CHILD}: a lower number bounds a leak sooner, and starts processes more"
                " often.",
            )
        )
    level = _level(environment)
    if level is not None:
        _set_log_level(level)
    return Preset(settings)


def _whole_number(environment: Mapping[str, str], name: str, example: int) -> int | None:
    text = environment.get(name, "").strip()
    if not text:
        return None
    # int() alone would take "1_000" and "+4" as well, which other programs read otherwise.
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise PresetError(f"{name} is {text!r}: write a whole number of 1 or more, such as {example}.")
    return int(text)


def _level(environment: Mapping[str, str]) -> str | None:
    text = environment.get(LOG_LEVEL, "").strip()
    if not text:
        return None
    level = text.upper()
    if level not in LEVELS:
        raise PresetError(f"{LOG_LEVEL} is {text!r}: write one of {', '.join(LEVELS)}.")
    return level


def _set_log_level(level: str) -> None:
    def put(logger: logging.Logger, **_: Any) -> None:
        logger.setLevel(level)

    # By its id: asked for twice, the last word counts.
    for signal in (signals.after_setup_logger, signals.after_setup_task_logger):
        signal.disconnect(dispatch_uid=_UID)
        signal.connect(put, weak=False, dispatch_uid=_UID)
