"""The verdict on a real worker whose report another writer overwrites."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.thresholds import WorkerThresholds
from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.bounds import LIST_LENGTH
from tests.integration.sidecar.watched import Watched, watched

SECRET = "hunter2"
LARGE = 10_000_000


def changed(report: bytes, **fields: Any) -> bytes:
    return json.dumps(json.loads(report) | fields).encode()


REPORTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "rubbish": (lambda _report: f"{SECRET} \0".encode(), "is not valid JSON"),
    "half of a report": (lambda report: report[: len(report) // 2], "is not valid JSON"),
    "10 MB": (lambda report: report + b" " * LARGE, "is larger than"),
    "another version": (lambda report: changed(report, version=9), "has version 9"),
    "a word in place of a number": (lambda report: changed(report, reserved=SECRET), "in field reserved"),
    "a list over its bound": (
        lambda report: changed(report, queues=[SECRET] * (LIST_LENGTH + 1)),
        "in field queues",
    ),
}


def overwritten(one: Watched, change: Callable[[bytes], bytes]) -> WorkerVerdict:
    """The verdict on the changed report. The agent writes its own again within a second."""
    path = one.worker.run / "report.json"
    data = change(path.read_bytes())

    def refused() -> WorkerVerdict | None:
        path.write_bytes(data)
        verdict = one.verdict()
        return None if verdict.reason is WorkerReason.CONSUMING else verdict

    return wait_for(refused, 10, one.worker.log)


def test_an_unreadable_report_is_named_and_restarts_nothing(tmp_path: Path) -> None:
    thresholds = WorkerThresholds(agent_grace=0.0)
    with (
        redis_server(tmp_path / "redis") as redis,
        watched(tmp_path / "worker", CELERY_5_6, "prefork", redis.url, thresholds=thresholds) as one,
    ):
        for name, (change, cause) in REPORTS.items():
            wait_for(lambda: one.verdict().reason is WorkerReason.CONSUMING, 10, one.worker.log)
            verdict = overwritten(one, change)
            assert (name, verdict.reason) == (name, WorkerReason.REPORT_UNREADABLE), verdict
            assert (verdict.started, verdict.live, verdict.ready) == (True, True, True)
            assert verdict.message.startswith("The worker report ")
            assert cause in verdict.message
            assert SECRET not in verdict.message
            answer = one.observer.answer()
            assert (answer.report, answer.report_error) == (None, verdict.message)
        wait_for(lambda: one.verdict().reason is WorkerReason.CONSUMING, 10, one.worker.log)
