"""What the tasks of one worker have done since its metrics began, as the worker writes it for its sidecar.

The worker's code may be anyone's, so every text and every list has a bound. A writer counts what exceeds a
bound under ``OTHER``, so that sums stay right.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from celery_health.wire.bounds import Count, Version
from celery_health.wire.documents import Format
from celery_health.wire.limits import LARGEST_COUNT, LARGEST_SECONDS
from celery_health.wire.names import VERSION

OTHER = "other"
"""Stands for every name and every value beyond a bound."""

TEXT_LENGTH = 200
"""Characters of a task's name. A writer keeps as many bytes of UTF-8, and so within ``DOCUMENT_BYTES``."""

VALUE_LENGTH = 64
"""Characters of a label's value, and of the name of an exception; of a writer bytes too."""

MOST_TASKS = 1000
"""Names of tasks, without ``OTHER``."""

MOST_VALUES = 1000
"""The largest cap on the values of the label."""

MOST_ERRORS = 100
"""Names of exceptions, without ``OTHER``."""

MOST_PAIRS = 2000
"""Pairs of a task and a value, without those of ``OTHER``; and as many triples with an exception."""

MOST_ROWS = MOST_PAIRS + 2 * (MOST_TASKS + 1)
"""Rows of a document: each task, and ``OTHER``, may also have one with the value ``OTHER`` and a bare one."""

MOST_EXEMPLARS = 2000
"""Exemplars of all tasks together that a writer keeps."""

MOST_BOUNDS = 30
"""Bounds of the buckets of a histogram."""

DOCUMENT_BYTES = 4 * 1024 * 1024
"""The size of a document. 100 tasks with 100 values of the label take about 200 kB."""

PREFIX = r"^[a-zA-Z_][a-zA-Z0-9_]{0,63}\Z"
"""The pattern of a prefix. ``$`` would also match before a line break at the end."""

LABEL = r"^(?!(?:__|task_name\Z|error_type\Z|le\Z))[a-zA-Z_][a-zA-Z0-9_]{0,63}\Z"
"""The pattern of the label's name: no series has the same label twice."""

Prefix = Annotated[str, Meta(pattern=PREFIX)]
Label = Annotated[str, Meta(pattern=rf"^\Z|{LABEL}")]
TaskName = Annotated[str, Meta(max_length=TEXT_LENGTH)]
LabelValue = Annotated[str, Meta(max_length=VALUE_LENGTH)]
Seconds = Annotated[float, Meta(ge=0, le=LARGEST_SECONDS)]
Sum = Annotated[float, Meta(ge=0, le=LARGEST_COUNT)]


class TaskRuns(msgspec.Struct, kw_only=True):
    """The runs of one task with one value of the label; an empty ``value`` is a run without the label.

    A run ends as exactly one of ``completed``, ``retried`` and ``failed``, which counts by the exception.
    """

    task: TaskName
    value: LabelValue = ""
    started: Count = 0
    completed: Count = 0
    retried: Count = 0
    failed: Annotated[dict[LabelValue, Count], Meta(max_length=MOST_ERRORS + 1)] = {}


class Exemplar(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a bucket and its trace: ``seconds`` it took, and the Unix time ``at`` which it ended."""

    trace_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    seconds: Seconds
    at: Seconds


class TaskDurations(msgspec.Struct, kw_only=True):
    """How long the completed runs of one task took.

    ``counts`` has one number for each bucket, the last without an upper bound; ``exemplars`` go by the
    bucket's position.
    """

    task: TaskName
    counts: Annotated[list[Count], Meta(min_length=2, max_length=MOST_BOUNDS + 1)]
    sum: Sum = 0.0
    exemplars: Annotated[dict[int, Exemplar], Meta(max_length=MOST_BOUNDS + 1)] = {}


class TaskMetrics(msgspec.Struct, kw_only=True):
    """All of it. ``label`` is the name of the label, empty without one.

    ``folded`` counts the runs whose value of the label became ``OTHER``. ``bounds`` are the upper bounds of
    the buckets, in seconds, ascending.
    """

    version: Version = VERSION
    prefix: Prefix
    label: Label
    bounds: Annotated[tuple[Seconds, ...], Meta(min_length=1, max_length=MOST_BOUNDS)]
    folded: Count = 0
    runs: Annotated[list[TaskRuns], Meta(max_length=MOST_ROWS)] = []
    durations: Annotated[list[TaskDurations], Meta(max_length=MOST_TASKS + 1)] = []

    def __post_init__(self) -> None:
        """Refuse more triples than a writer keeps: each is a series to the sidecar, whose memory is small.

        Raises:
            ValueError: there are more. A decoder makes a ValidationError of it.
        """
        if sum(len(row.failed) - (OTHER in row.failed) for row in self.runs) > MOST_PAIRS:
            raise ValueError(f"Expected at most {MOST_PAIRS} exceptions in all rows")


TASK_METRICS = Format("task metrics", TaskMetrics, DOCUMENT_BYTES)
