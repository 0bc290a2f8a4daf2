"""When the reporter writes: once a second, at once when something changed, and soon after a task begins."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tools.testbed.waiting import wait_for

from celery_probe.agent import natives, report_thread
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.report_thread import REST_SECONDS, ReportThread

NEVER = 3600.0


class Reports:
    """In place of the shared folder: when each report was written."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def hold_lock(self) -> None:
        """The lock is of no interest here."""

    def write_report(self, _text: bytes) -> None:
        self.times.append(natives.monotonic())

    def wait_for(self, count: int) -> None:
        wait_for(lambda: len(self.times) >= count, 10, lambda: f"{count} reports, not {self.times}")


class Reporter(ReportThread):
    def details(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def reporter(monkeypatch: pytest.MonkeyPatch, reports: Reports) -> Iterator[ReportThread]:
    """A reporter that writes when it is notified, and else never."""
    monkeypatch.setattr(report_thread, "HEARTBEAT_SECONDS", NEVER)
    directory: Any = reports
    reporter = Reporter(SimpleNamespace(ended=False), directory, ErrorLog())
    reporter.start()
    yield reporter
    reporter.finish()


def rested(reporter: ReportThread) -> None:
    wait_for(lambda: not reporter._resting, 10, "the reporter has rested")


def test_a_task_that_begins_is_reported_at_once_after_a_rest(
    reporter: ReportThread, reports: Reports
) -> None:
    reports.wait_for(1)
    rested(reporter)
    reporter.notify_soon()
    reports.wait_for(2)


def test_a_task_that_begins_during_the_rest_is_reported_after_it(
    reporter: ReportThread, reports: Reports
) -> None:
    reports.wait_for(1)
    rested(reporter)
    reporter.notify_soon()
    reports.wait_for(2)
    reporter.notify_soon()
    reports.wait_for(3)
    assert reports.times[2] - reports.times[1] >= REST_SECONDS * 0.9


def test_many_tasks_that_begin_make_few_reports(reporter: ReportThread, reports: Reports) -> None:
    reports.wait_for(1)
    rested(reporter)
    began = natives.monotonic()
    while natives.monotonic() - began < REST_SECONDS * 5:
        reporter.notify_soon()
    written = len(reports.times)
    # One that was due before, one at once, and one after each rest.
    assert written <= (natives.monotonic() - began) / REST_SECONDS + 3


def test_a_change_is_reported_at_once_also_during_the_rest(reporter: ReportThread, reports: Reports) -> None:
    for count in range(1, 6):
        reports.wait_for(count)
        reporter.notify()
    reports.wait_for(6)
