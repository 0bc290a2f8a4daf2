"""The settings reach the parts that they are for."""

from dataclasses import replace
from typing import Any

import pytest

from celery_health.verdicts.thresholds import FleetThresholds
from celery_monitor.control import application
from celery_monitor.run.parts import application_of
from celery_monitor.settings import HistorySettings, Settings
from tests.support.monitor_web import NO_BROKER

MANAGEMENT = "http://rabbitmq:15672"


def test_the_fleet_is_judged_by_the_threshold_and_read_from_the_management_api(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[Any, ...]] = []
    monkeypatch.setattr(application, "FleetCheck", lambda *arguments: made.append(arguments))
    settings = Settings(connection=NO_BROKER, history=HistorySettings(url="sqlite:////tmp/unused"))
    given = replace(settings, backlog_threshold=20, management_url=MANAGEMENT, ignored_queues=("*.dead",))
    application_of(given)
    assert made == [(NO_BROKER, FleetThresholds(backlog=20), MANAGEMENT, ("*.dead",))]
