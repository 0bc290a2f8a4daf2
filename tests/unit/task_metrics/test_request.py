"""The request that counts: whatever goes wrong with a number, the task goes on."""

from typing import Any

import pytest
from celery.worker.request import Request

from celery_health.metrics.request import MonitoredRequest


class OddFailure:
    """A failure whose exception cannot be read."""

    @property
    def exception(self) -> BaseException:
        raise RuntimeError("unreadable")


def test_a_failure_that_cannot_be_read_still_reaches_celery(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[Any] = []
    monkeypatch.setattr(Request, "on_failure", lambda _, failure, **__: reached.append(failure))
    monkeypatch.setattr(Request, "name", "shop.mail", raising=False)
    failure = OddFailure()

    MonitoredRequest.__new__(MonitoredRequest).on_failure(failure)

    assert reached == [failure]
