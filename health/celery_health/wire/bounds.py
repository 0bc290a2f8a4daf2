"""The bounds of every document, and the types that carry them.

A reader refuses a document that exceeds a bound. A writer keeps within the bounds, so a refused document
comes from a broken or hostile writer.
"""

import json
from hashlib import sha256
from typing import Annotated

from msgspec import Meta

from celery_health.wire.limits import LARGEST_COUNT, LARGEST_SECONDS
from celery_health.wire.names import VERSION

NAME_LENGTH = 256
"""Characters of a name: of a task, a queue, a host, a version or a task id. RabbitMQ allows 255 bytes."""

DIGEST_LENGTH = 32
"""Characters of the digest that is a part of a long task id, and of what is left of the id before it."""

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

LONGEST_DRAIN_EXPIRY = 86400.0
"""Seconds after which a drain ends at the latest, where it expires at all and is not repeated."""

Version = Annotated[int, Meta(ge=VERSION, le=VERSION)]
Name = Annotated[str, Meta(max_length=NAME_LENGTH)]
Sentence = Annotated[str, Meta(max_length=SENTENCE_LENGTH)]
Count = Annotated[int, Meta(ge=0, le=LARGEST_COUNT)]
Seconds = Annotated[float, Meta(ge=-LARGEST_SECONDS, le=LARGEST_SECONDS)]
Names = Annotated[tuple[Name, ...], Meta(max_length=LIST_LENGTH)]
Counts = Annotated[tuple[Count, ...], Meta(max_length=LIST_LENGTH)]


def task_id(text: str) -> str:
    """The task id as all documents name it: within a name's length, and within as many bytes of JSON.

    Two long ids differ also where their beginnings are equal: the end of the text is a digest.
    """
    if len(json.dumps(text, ensure_ascii=False).encode(errors="replace")) - 2 <= NAME_LENGTH:
        return text[:NAME_LENGTH].encode(errors="replace").decode()
    digest = sha256(text.encode(errors="surrogatepass")).hexdigest()[:DIGEST_LENGTH]
    return f"{text[:DIGEST_LENGTH].encode(errors='replace').decode()}~{digest}"


def sentence(text: str) -> str:
    """The text as a ``Sentence``: a longer one is cut, and what UTF-8 cannot express is replaced."""
    text = text.encode(errors="replace").decode()
    return text if len(text) <= SENTENCE_LENGTH else text[: SENTENCE_LENGTH - 1] + "…"
