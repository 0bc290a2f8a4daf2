"""The agent's copy of what it shares with the sidecar, and the bounds that its reports keep.

``celery_health.wire`` declares all of it. The agent may not import that; a test compares the two.
"""

from __future__ import annotations

import json
from hashlib import sha256
from math import isnan
from typing import Any

VERSION = 1

DIRECTORY = "/celery-probe"
DIRECTORY_VARIABLE = "CELERY_PROBE_DIRECTORY"
MANAGED_VARIABLE = "CELERY_PROBE_MANAGED_BY"
RUN_DIRECTORY = "run"
WORKER_REPORT_FILE = "report.json"
BEAT_REPORT_FILE = "beat.json"
LOCK_FILE = "worker.lock"
DRAIN_FILE = "drain"
STOP_FILE = "stop"
GIVE_BACK_FILE = "give-back"
QUARANTINE_FILE = "quarantine.json"
TASK_EVENTS_FILE = "task-events"
DEAD_LETTER_SUFFIX = ".dead-letter"
DEATHS_STAT = "celery_probe.deaths"
QUARANTINE_STAT = "celery_probe.quarantine"

NAME_LENGTH = 256
DIGEST_LENGTH = 32
LIST_LENGTH = 1000
ACTIVE_LENGTH = 100
DEATHS_LENGTH = 20
QUARANTINE_LENGTH = 100
DEATH_WINDOW_SECONDS = 600.0
LARGEST_COUNT = 2**53 - 1
LARGEST_SECONDS = 1e10
REPORT_BYTES = 192 * 1024

# Lists that a report may cut, the most dispensable first. ``active_count`` still counts all active tasks.
CUT_FIRST = ("deaths_by_name", "deaths", "active", "pool_pids", "queues")


def encode(report: dict[str, Any]) -> bytes:
    """The report's JSON, within the bounds.

    Names of tasks and queues and ids of tasks come from users: a longer one is cut, and so is a longer list.
    """
    document = bounded(report)
    text = json.dumps(document).encode()
    for field in CUT_FIRST:
        while len(text) > REPORT_BYTES and document.get(field):
            document[field] = document[field][: len(document[field]) // 2]
            text = json.dumps(document).encode()
    return text


def bounded(value: Any) -> Any:
    """A part of a document, within the bounds of names, numbers and lists."""
    if isinstance(value, str):
        # Nearly every value ends here, of up to 100 active tasks a second.
        return value if len(value) <= NAME_LENGTH and value.isascii() else name(value)
    if isinstance(value, (float, int)):
        return _number(value)
    if isinstance(value, dict):
        return {key: bounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [bounded(entry) for entry in value[:LIST_LENGTH]]
    return None if value is None else name(str(value))


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return min(max(value, 0), LARGEST_COUNT)
    return None if isnan(value) else min(max(value, -LARGEST_SECONDS), LARGEST_SECONDS)


def task_id(text: str) -> str:
    """The task id within a name's length, and within as many bytes of JSON.

    Two long ids differ also where their beginnings are equal: the end of the text is a digest.
    """
    if (
        len(text) <= NAME_LENGTH
        and text.isascii()
        and text.isprintable()
        and not ('"' in text or "\\" in text)
    ):
        return text
    if len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - 2 <= NAME_LENGTH:
        return name(text)
    return f"{name(text[:DIGEST_LENGTH])}~{digest(text)}"


def digest(text: str) -> str:
    """What stands for a text that is too long."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_LENGTH]


def name(text: str) -> str:
    """The text with a name's length. An unpaired surrogate is no Unicode character; readers refuse it."""
    return text[:NAME_LENGTH].encode("utf-8", "replace").decode()


def printable(text: str) -> str:
    """The text with each control character, which could forge a line of a log, as its escape sequence.

    The same as ``celery_health.redaction.printable``.
    """
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
