"""Connects the history. Until its database answers, events wait in memory and everything else works."""

import asyncio
import logging

from celery_monitor.history import History, HistoryError, HistoryUnavailableError
from celery_monitor.run.problem import StartError

PAUSE_SECONDS = 2.0
FIRST_ATTEMPT_SECONDS = 2.0
"""How long requests wait at the start for a database server, so that they find a history."""

_log = logging.getLogger(__name__)


async def connect(history: History) -> None:
    """Try until the database answers.

    Raises:
        StartError: the database cannot be used.
    """
    waiting = False
    while True:
        try:
            await history.connect()
        except HistoryUnavailableError as error:
            if not waiting:
                _log.warning("waiting for the database: %s", error)
            waiting = True
        except HistoryError as error:
            raise StartError(f"{error}.") from None
        else:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    if waiting:
        _log.info("the database answers: the history is written")


async def first_attempt(history: History, connecting: asyncio.Task[None]) -> None:
    """Wait for a file however long its tables take, and for a server a moment.

    Raises:
        StartError: the database cannot be used.
    """
    await asyncio.wait({connecting}, timeout=None if history.is_file else FIRST_ATTEMPT_SECONDS)
    if connecting.done():
        connecting.result()
