"""What a heartbeat says of a drain, on kombu's own in-memory broker."""

import json
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from celery_health.wire.quarantine import quarantine_stats
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker.consumer_step import Heartbeat
from celery_probe.agent.worker.state import Worker

# Its annotations are partial: without Any every call would be one to an untyped function.
kombu: Any = import_module("kombu")


def test_a_drain_is_reported_one_heartbeat_after_it_began(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    worker, directory = Worker(), ReportDirectory(str(tmp_path))
    lost_children: Any = SimpleNamespace(note_oom_kills=lambda: None)
    reporter: Any = SimpleNamespace(notify=lambda: None)
    heartbeat = Heartbeat(worker, directory, ErrorLog(), reporter, lost_children)
    early: list[Any] = []
    with kombu.Connection("memory://") as connection:
        task_consumer = kombu.Consumer(connection.channel(), [kombu.Queue("a")], callbacks=[print])
        task_consumer.consume()
        consumer = SimpleNamespace(
            task_consumer=task_consumer,
            connection=connection,
            qos=SimpleNamespace(value=4),
            hub=None,
            pool=None,
            controller=SimpleNamespace(),
            timer=SimpleNamespace(call_after=lambda _seconds, *call: early.append(call)),
        )
        directory.request_stop()
        heartbeat._heartbeat(consumer)
        assert not task_consumer._active_tags
        # A task that came just before may not have begun yet.
        assert not worker.drained
        assert len(early) == 1
        heartbeat._heartbeat(consumer)
        assert worker.drained


def test_the_statistics_have_the_dead_letter_queue_while_the_sidecar_orders_a_quarantine(
    tmp_path: Path,
) -> None:
    (tmp_path / "run").mkdir()
    lost_children: Any = SimpleNamespace(stats=dict)
    worker: Any = Worker()
    heartbeat = Heartbeat(worker, ReportDirectory(str(tmp_path)), ErrorLog(), worker, lost_children)
    assert heartbeat.stats() == {}

    order = {"queue": "shop.dead-letter", "ids": ["7"]}
    (tmp_path / "run" / "quarantine.json").write_text(json.dumps({"version": 1, "quarantine": order}))
    heartbeat._quarantine.read()

    found = quarantine_stats(heartbeat.stats())
    assert found is not None
    assert (found.queue, found.tasks, found.problem) == ("shop.dead-letter", (), "")
