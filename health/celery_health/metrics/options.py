"""What an application may choose about its task metrics."""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as quoted

from celery_health.wire.limits import LARGEST_SECONDS
from celery_health.wire.names import DIRECTORY, DIRECTORY_VARIABLE, RUN_DIRECTORY, TASK_METRICS_FOLDER
from celery_health.wire.task_metrics import LABEL, MOST_BOUNDS, MOST_VALUES, PREFIX

FOLDER_VARIABLE = "CELERY_METRICS_DIRECTORY"
"""The environment variable with the folder that workers share with the program that shows their metrics."""

BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0)
"""The default upper bounds of the histogram, in seconds."""


class MetricsError(ValueError):
    """An option cannot be used; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``configure``, checked."""

    prefix: str = "celery"
    label: str = "customer_id"
    values: int = 100
    buckets: tuple[float, ...] = BUCKETS

    def __post_init__(self) -> None:
        """Raises MetricsError."""
        if not isinstance(self.prefix, str) or not re.match(PREFIX, self.prefix):
            raise MetricsError(
                f"prefix={self.prefix!r}: use letters, digits and underscores, such as 'upstream'."
            )
        if self.label and not (isinstance(self.label, str) and re.match(LABEL, self.label)):
            raise MetricsError(
                f"label={self.label!r}: use the name of an argument, such as 'customer_id', or None. "
                "'task_name', 'error_type' and 'le' are taken."
            )
        if not isinstance(self.values, int) or not 1 <= self.values <= MOST_VALUES:
            raise MetricsError(f"values={self.values!r}: use a number from 1 to {MOST_VALUES}.")
        self._check_buckets()

    def _check_buckets(self) -> None:
        ascending = list(self.buckets) == sorted(set(self.buckets))
        # A document with a bound that is no number (NaN), or a larger one, could not be read.
        in_range = all(0 < bound <= LARGEST_SECONDS for bound in self.buckets)
        if not (ascending and in_range and 1 <= len(self.buckets) <= MOST_BOUNDS):
            raise _wrong_buckets(self.buckets)


def checked(prefix: str, label: str | None, values: int, buckets: Sequence[float]) -> Options:
    """The options, checked. Raises MetricsError."""
    try:
        bounds = tuple(float(bound) for bound in buckets)
    except (TypeError, ValueError, OverflowError):
        raise _wrong_buckets(buckets) from None
    # As prometheus_client takes it: the last bucket has no bound anyway.
    return Options(prefix, label or "", values, bounds[:-1] if bounds[-1:] == (math.inf,) else bounds)


def _wrong_buckets(buckets: object) -> MetricsError:
    return MetricsError(
        f"buckets={quoted(buckets)}: use 1 to {MOST_BOUNDS} ascending numbers of seconds, such as "
        "(0.1, 1, 10, 60)."
    )


def chosen_folder() -> Path | None:
    """The folder of the environment, else that of the pod's shared volume; None where there is neither."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    run = Path(os.environ.get(DIRECTORY_VARIABLE) or DIRECTORY) / RUN_DIRECTORY
    return run / TASK_METRICS_FOLDER if run.is_dir() else None
