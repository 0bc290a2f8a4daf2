"""``python3 -m celery_health.dead_letters``: what ``kubectl celery dead-letter`` runs in a sidecar.

The sidecar has the broker's URL, the network of the pod, and the report of the worker, which shows how the
application names its Redis keys.
"""

import os
import sys
from pathlib import Path

from celery_health.broker import RedisNaming
from celery_health.dead_letters.letter import DeadLetterError, DeadLetterQueue
from celery_health.dead_letters.opening import open_dead_letters
from celery_health.dead_letters.remote import answers
from celery_health.readers.parameters import parse_broker
from celery_health.urls import UrlError
from celery_health.wire.documents import UnreadableError
from celery_health.wire.names import (
    BROKER_VARIABLE,
    DIRECTORY,
    DIRECTORY_VARIABLE,
    RUN_DIRECTORY,
    WORKER_REPORT_FILE,
)
from celery_health.wire.worker_report import WORKER_REPORT


def main() -> None:
    """Answer the request on stdin."""
    for line in answers(sys.stdin.buffer.read(), _opened):
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()


def _opened(queue: str) -> DeadLetterQueue:
    try:
        url = parse_broker(os.environ.get(BROKER_VARIABLE, ""))
    except UrlError as error:
        raise DeadLetterError(f"The broker's URL cannot be used: {error}", supported=False) from error
    return open_dead_letters(url, _naming(), queue)


def _naming() -> RedisNaming:
    """As the worker reports it. Of beat, and before the first report, the names are kombu's defaults."""
    path = Path(os.environ.get(DIRECTORY_VARIABLE) or DIRECTORY) / RUN_DIRECTORY / WORKER_REPORT_FILE
    try:
        transport = WORKER_REPORT.decode(path.read_bytes()).transport
    except (OSError, UnreadableError):
        return RedisNaming()
    if not transport.priority_steps or transport.separator is None:
        return RedisNaming()
    return RedisNaming(transport.priority_steps, transport.separator, transport.key_prefix or "")


if __name__ == "__main__":
    main()
