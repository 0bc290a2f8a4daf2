"""Rate limits, each for one kind of task."""

import re
from collections.abc import Mapping

from celery_health.presets.preset import Preset, PresetError, Setting

# As Celery reads it: tasks a second, a minute or an hour. Anything else would end the worker at its start.
_RATE = re.compile(r"\d+(\.\d+)?/[smh]")


def rate_limits(rates: Mapping[str, str]) -> Preset:
    """How many tasks of a name one worker starts in a second, a minute or an hour.

    Args:
        rates: the rate by the task's name, such as ``{"shop.mail.send": "10/m"}``.

    Raises:
        PresetError: a name is a pattern, or a rate is invalid.
    """
    for task, rate in rates.items():
        if "*" in task:
            raise PresetError(
                f"{task!r} is a pattern: name each task, because Celery reads no patterns here."
            )
        if not _RATE.fullmatch(rate) or float(rate[:-2]) == 0:
            raise PresetError(
                f"The rate of {task!r} is {rate!r}: use a number above 0 for a second, minute or hour, "
                "such as 5/s, 10/m or 100/h."
            )
    return Preset(
        (
            Setting(
                "task_annotations",
                {task: {"rate_limit": rate} for task, rate in rates.items()},
                "A worker starts no more tasks of this name in that time. Cost: each worker counts for "
                "itself, and three workers start three times as many. A task that waits for its turn delays "
                "the tasks that its worker has fetched after it: give tasks with a rate limit a queue and "
                "workers of their own.",
            ),
        )
    )
