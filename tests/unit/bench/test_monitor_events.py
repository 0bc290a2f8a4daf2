"""The events of the benchmark are events that the monitor reads, and as many as it says."""

import pytest
from bench.monitor.events import EVENTS_OF_A_TASK, messages

from celery_monitor.events.decode import Decoder
from celery_monitor.events.merge import Merger


@pytest.mark.parametrize(("batch", "expected"), [(1, 30), (20, 2)])
def test_each_task_is_received_starts_and_succeeds(batch: int, expected: int) -> None:
    published = list(messages(10, batch))
    assert len(published) == expected
    merger = Merger()
    decoder = Decoder(merger.counters)
    for message in published:
        for event in decoder.envelope(message):
            merger.apply(event, event.timestamp)
    assert merger.counters.events == 10 * EVENTS_OF_A_TASK
    assert [record.state for record in merger.take_changed()] == ["SUCCESS"] * 10
