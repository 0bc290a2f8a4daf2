import logging

import pytest

from celery_monitor.run.check_log import CheckLog
from celery_monitor.web.services import Check


def test_a_failure_and_its_end_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    problems = iter([None, "No event for 61 s.", "No event for 66 s.", None, None])
    log = CheckLog((Check(name="events", problem=lambda: next(problems)),))
    with caplog.at_level(logging.INFO, "celery_monitor.run.check_log"):
        for _ in range(5):
            log.compare()
    assert [record.getMessage() for record in caplog.records] == [
        "No event for 61 s.",
        "The check of events succeeds again.",
    ]
