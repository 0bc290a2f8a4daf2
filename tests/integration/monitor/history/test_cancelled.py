"""Writing is cancelled at any moment, as when the monitor ends: the next transaction works all the same.

On SQLite: its driver has a thread, which carries out what was cancelled.
"""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

from celery_monitor.history import History
from celery_monitor.records.alerts import AlertKey, Delivered

TRIES = 200
"""A transaction takes about a millisecond. Where BEGIN was not undone, every tenth try broke the next one."""


async def test_a_cancelled_transaction_does_not_cost_the_next_one(tmp_path: Path) -> None:
    history = await History.open(f"sqlite:///{tmp_path}/history.db")
    alert = AlertKey("CeleryBrokerUnreachable", ())
    cancelled, noted = (
        Delivered(channel=name, key=alert, fired=1.0, resolved=False, at=2.0) for name in ("mail", "webhook")
    )
    moments = random.Random(1)
    for _ in range(TRIES):
        writing = asyncio.create_task(history.alerts.note_delivered([cancelled]))
        with suppress(TimeoutError):
            await asyncio.wait_for(writing, moments.uniform(0.0, 0.003))

        await history.alerts.note_delivered([noted])

    assert noted in await history.alerts.delivered()
    await history.close()
