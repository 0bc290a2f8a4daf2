"""A screen is current or says that it is not, and one that was left reads nothing more."""

import pytest
from playwright.sync_api import expect

from tests.integration.monitor.monitor_process import Monitor
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import Shop, wait_for_state

pytestmark = pytest.mark.timeout(600)


def test_a_task_that_ends_does_not_stay_running_among_the_running_tasks(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    task = shop.send("build_report", 3599, queue="reports")
    wait_for_state(on_sqlite, task, "STARTED")
    page = open_window(on_sqlite, "/monitoring/tasks?q=state:started%20arg:3599").page
    shown = page.locator(".grid-body .badge")
    expect(shown).to_have_text("running")
    assert on_sqlite.send("POST", f"/tasks/{task}/cancel", {})[0] == 202
    expect(shown).to_have_text("revoked")
