"""A process that writes until it is killed: it prints how many tasks are stored after each write."""

import asyncio
import sys

from celery_monitor.history import History, HistoryOptions
from tests.integration.monitor.history.examples import many


async def _main(url: str, schema: str) -> None:
    history = await History.open(url, HistoryOptions(schema=schema))
    records = many(20_000)
    for start in range(0, len(records), 100):
        await history.write(records[start : start + 100])
        if history.status().buffered == 0:
            print(start + 100, flush=True)
    await asyncio.sleep(60)


asyncio.run(_main(*sys.argv[1:]))
