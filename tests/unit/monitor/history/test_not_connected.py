"""A history whose database has never answered: changes wait, up to a bound, and reading says why."""

import pytest

from celery_monitor.history import History, HistoryOptions, HistoryUnavailableError, TaskFilter
from celery_monitor.records.tasks import TaskRecord

# Nothing listens there.
AWAY = "postgresql://shop:planted-secret@127.0.0.1:1/shop"


async def test_changes_wait_in_a_bounded_buffer() -> None:
    history = History(AWAY, HistoryOptions(most_buffered=3))
    assert (history.status().available, history.status().buffered) == (False, 0)
    await history.write([TaskRecord(id=str(number)) for number in range(5)])
    with pytest.raises(HistoryUnavailableError, match="does not answer"):
        await history.connect()
    status = history.status()
    assert (status.available, status.buffered, status.dropped) == (False, 3, 2)
    assert "does not answer" in str(status.problem)
    assert "planted" not in str(status.problem)
    with pytest.raises(HistoryUnavailableError, match="does not answer"):
        await history.count(TaskFilter())
    await history.close()


async def test_what_waits_is_not_lost_from_the_status_at_the_end() -> None:
    history = History(AWAY)
    await history.write([TaskRecord(id="1")])
    await history.close()
    assert history.status().buffered == 1
