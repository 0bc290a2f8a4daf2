"""The tasks that a filter finds, as a file. The history is read as fast as the client takes the file."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import cast

from aiohttp import ClientConnectionError, web

from celery_monitor.history import HistoryError
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.web.models.base import NoBody
from celery_monitor.web.models.history import ExportQuery
from celery_monitor.web.problems import unavailable
from celery_monitor.web.routes import export_formats
from celery_monitor.web.routes.filters import filter_of, sort_of
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Route

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 4
"""Each export reads the history all the time. More are refused, so that pages stay fast."""
WRITE_SECONDS = 60.0
"""A client that takes nothing for this time has gone."""
_BLOCK_BYTES = 64 * 1024

_running = web.AppKey("exports", asyncio.Semaphore)


def prepare(application: web.Application) -> None:
    """Keep the number of exports in the application."""
    application[_running] = asyncio.Semaphore(MOST_AT_ONCE)


async def export_tasks(call: Call[ExportQuery, NoBody]) -> web.StreamResponse:
    """All tasks that a filter finds."""
    records = cast(
        "AsyncGenerator[TaskRecord, None]",
        call.services.history.stream(filter_of(call.query), sort_of(call.query.sort)),
    )
    running = call.request.app[_running]
    if running.locked():
        raise unavailable(f"{MOST_AT_ONCE} exports are running: wait for one of them to end.", 30)
    async with running, aclosing(records):
        # The first task is read before the status is sent: while the database is away the status is 503.
        first = await anext(records, None)
        writer = export_formats.FORMATS[call.query.format]
        response = web.StreamResponse(
            headers={
                "Content-Type": writer.content_type,
                "Content-Disposition": f'attachment; filename="tasks.{call.query.format}"',
            }
        )
        await response.prepare(call.request)
        try:
            await _write(response, writer.begin, writer.line, first, records)
        except (ConnectionError, ClientConnectionError):
            pass  # the client has gone
        except (HistoryError, TimeoutError) as error:
            # The status was sent. A connection that ends early shows the client that tasks are missing.
            logger.warning("An export was ended: %s", type(error).__name__)
            if call.request.transport is not None:
                call.request.transport.abort()
    return response


async def _write(
    response: web.StreamResponse,
    begin: str,
    line: Callable[[TaskRecord], str],
    first: TaskRecord | None,
    others: AsyncIterator[TaskRecord],
) -> None:
    """Write every task in blocks. ``write`` waits while the client does not take what was written."""
    block = begin
    if first is not None:
        block += line(first)
        async for record in others:
            block += line(record)
            if len(block) >= _BLOCK_BYTES:
                await _write_block(response, block)
                block = ""
    await _write_block(response, block)
    await response.write_eof()


async def _write_block(response: web.StreamResponse, block: str) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        # A text of an event can have half a surrogate pair, which UTF-8 does not have.
        await response.write(block.encode("utf-8", "replace"))
    # A fast client takes a block at once. Others are served before the next one is made.
    await asyncio.sleep(0)


ROUTES = (
    Route(
        method="GET",
        path=f"{MONITORING}/export",
        handler=export_tasks,
        head=False,
        summary="All tasks that a filter finds, as CSV or one JSON document a line.",
        media_types=("text/csv", "application/x-ndjson"),
        errors=(503,),
    ),
)
