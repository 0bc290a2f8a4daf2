"""One monitor with alerts on a real database."""

import pytest

from celery_monitor.alerts.keeper import AlertKeeper
from celery_monitor.history import History, HistoryOptions
from tests.integration.monitor.history.alerts.world import World


@pytest.fixture
def world(options: HistoryOptions) -> World:
    return World(options.schema)


@pytest.fixture
def keeper(history: History, world: World) -> AlertKeeper:
    return world.keeper(history)
