"""The bounds of every document, and the types that carry them.

A reader refuses a document that exceeds a bound. A writer keeps within the bounds, so a refused document
comes from a broken or hostile writer.
"""

from typing import Annotated

from msgspec import Meta

from celery_health.wire.names import VERSION

NAME_LENGTH = 256
"""Characters of a name: of a task, a queue, a host, a version or a task id. RabbitMQ allows 255 bytes."""

SENTENCE_LENGTH = 1000
"""Characters of a message that a person reads."""

LIST_LENGTH = 1000
"""Items of a list."""

ACTIVE_LENGTH = 100
"""Active tasks in a report. ``active_count`` counts all of them."""

DEATHS_LENGTH = 20
"""Task ids, and task names, that a report lists with deaths: those with the most deaths."""

DEATH_WINDOW_SECONDS = 600.0
"""How long a death is reported."""

ENDS_LENGTH = 20
"""Ends of worker processes in a sidecar's answer."""

ENDS_BYTES = 32 * 1024
"""The size of all ends together in a sidecar's answer."""

LARGEST_COUNT = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""

LARGEST_SECONDS = 1e10
"""The largest number of seconds, in both directions: some 317 years, also as Unix time."""

REPORT_BYTES = 192 * 1024
"""The size of a report. 50 queues and 100 active tasks take about 30 kB."""

ANSWER_BYTES = 320 * 1024
"""The size of a sidecar's answer: a report, and at most 128 KiB more."""

ORDER_BYTES = 1024
"""The size of an order's body, but for the order quarantine."""

QUARANTINE_LENGTH = 100
"""Task ids in quarantine."""

QUARANTINE_BYTES = 32 * 1024
"""The size of the order quarantine and of its file. 100 ids as Celery makes them take 4 kB."""

QUEUE_BYTES = 255
"""UTF-8 bytes of the name of a dead-letter queue. RabbitMQ allows as many."""

LONGEST_RESTART_HOLD = 300.0
"""Seconds of the longest restart hold."""

Version = Annotated[int, Meta(ge=VERSION, le=VERSION)]
Name = Annotated[str, Meta(max_length=NAME_LENGTH)]
Sentence = Annotated[str, Meta(max_length=SENTENCE_LENGTH)]
Count = Annotated[int, Meta(ge=0, le=LARGEST_COUNT)]
Seconds = Annotated[float, Meta(ge=-LARGEST_SECONDS, le=LARGEST_SECONDS)]
Names = Annotated[tuple[Name, ...], Meta(max_length=LIST_LENGTH)]
Counts = Annotated[tuple[Count, ...], Meta(max_length=LIST_LENGTH)]


def sentence(text: str) -> str:
    """The text as a ``Sentence``: a longer one is cut, and what UTF-8 cannot express is replaced."""
    text = text.encode(errors="replace").decode()
    return text if len(text) <= SENTENCE_LENGTH else text[: SENTENCE_LENGTH - 1] + "…"
