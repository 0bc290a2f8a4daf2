"""The monitor's own ingestion as a program: receive, decode, merge, and write the history if there is one."""

import argparse
import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

from celery_monitor.events.intake import Intake
from celery_monitor.events.merge import Merger
from celery_monitor.events.receivers.opening import open_receiver

_FLUSH_SECONDS = 0.25


async def _run(broker: str, database: str, state: Path) -> None:
    merger = Merger()
    intake = Intake(open_receiver(broker), merger)
    async with AsyncExitStack() as stack:
        history = None
        if database:
            # Not at the top: without a history its packages must not count in the memory.
            from celery_monitor.history.history import History  # noqa: PLC0415

            history = await History.open(database)
            stack.push_async_callback(history.close)
        receiving = asyncio.create_task(intake.run())
        while not receiving.done():
            await asyncio.sleep(_FLUSH_SECONDS)
            changed = merger.take_changed()
            waiting = 0
            if history is not None:
                await history.write(changed)
                waiting = history.status().buffered
            _write(state, intake, idle=not changed and not waiting)


def _write(state: Path, intake: Intake, *, idle: bool) -> None:
    counters = intake.merger.counters
    document = {
        "connected": intake.receiver.connected,
        "events": counters.events,
        "dropped": counters.dropped,
        "idle": idle,
    }
    fresh = state.with_suffix(".new")
    fresh.write_text(json.dumps(document))
    fresh.rename(state)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("broker")
    parser.add_argument("state", type=Path)
    parser.add_argument("--database", default="")
    options = parser.parse_args()
    asyncio.run(_run(options.broker, options.database, options.state))
