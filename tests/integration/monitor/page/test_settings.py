"""Settings on the page: saved by an admin, shown to a viewer, and decided by the operator in a cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor, monitor
from tests.integration.monitor.page.conftest import Open

BROKER = "redis://127.0.0.1:1/0"
ALL = "/settings?tab=all"


@pytest.fixture
def alone(home: Path, tmp_path: Path) -> Iterator[Monitor]:
    with monitor(tmp_path, "--broker", BROKER, "--token-file", str(home / "tokens")) as running:
        yield running


def change(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Change {name} ...").click()


def test_an_admin_saves_a_setting_and_the_next_start_uses_it(alone: Monitor, open_window: Open) -> None:
    window = open_window(alone, ALL)
    page, dialog = window.page, window.page.get_by_role("dialog")
    window.requests_may_fail = True
    change(page, "retention days")
    dialog.get_by_label("retention days").fill("-3")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("'-3' is not a number above 0, nor none.")
    window.check("a setting that cannot be saved")
    dialog.get_by_label("retention days").fill("7")
    dialog.get_by_label("retention days").press("Enter")
    expect(dialog).to_be_hidden()
    row = page.get_by_role("row", name="retention days")
    expect(row).to_contain_text("next start 7")
    expect(page.get_by_text("1 setting takes effect when the monitor starts again.")).to_be_visible()
    window.check("a saved setting")
    assert alone.stop() == 0
    alone.start()
    days = next(one for one in alone.get("/settings")["settings"] if one["name"] == "retention_days")
    assert (days["value"], days["source"]) == ("7", "file")


def test_a_url_is_tested_before_it_is_saved(alone: Monitor, open_window: Open) -> None:
    window = open_window(alone, "/settings")
    page, dialog = window.page, window.page.get_by_role("dialog")
    change(page, "result backend")
    dialog.get_by_label("result backend").fill("redis://:planted-secret@127.0.0.1:1/3")
    dialog.get_by_role("button", name="Test connection").click()
    expect(dialog.get_by_role("status")).to_contain_text("Nothing listens at redis://127.0.0.1:1/3")
    window.check("a tested connection")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    # The password is not shown again: it has to be written again.
    change(page, "result backend")
    expect(dialog.get_by_label("result backend")).to_have_value("")
    expect(dialog.get_by_label("result backend")).to_have_attribute(
        "placeholder", "redis://***@127.0.0.1:1/3"
    )
    assert "planted" not in page.content()
    dialog.get_by_role("button", name="Remove from the file").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row", name="result backend")).not_to_contain_text("next start")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_viewer_sees_the_settings_and_changes_none(alone: Monitor, open_window: Open, size: str) -> None:
    window = open_window(alone, ALL, role=Role.VIEWER, size=size)
    row = window.page.get_by_role("row", name="retention days")
    expect(row).to_contain_text("The role admin changes it here.")
    expect(window.page.get_by_role("button", name="Change")).to_have_count(0)
    window.check(f"settings of a viewer {size}")


def test_in_a_cluster_each_setting_has_its_command(home: Path, tmp_path: Path, open_window: Open) -> None:
    variables = {
        "CELERY_BROKER_URL": BROKER,
        "CELERY_MONITOR_PUSH_TOKEN": "0123456789-push-token",
        "CELERY_MONITOR_RETENTION_DAYS": "30",
    }
    with monitor(tmp_path, "--token-file", str(home / "tokens"), variables=variables) as running:
        window = open_window(running, ALL)
        row = window.page.get_by_role("row", name="retention days")
        expect(row).to_contain_text('--patch \'{"spec": {"monitor": {"retention": {"days": 30}}}}\'')
        expect(row.get_by_role("button", name="Copy the command")).to_be_visible()
        expect(window.page.get_by_role("button", name="Change")).to_have_count(0)
        window.check("settings in a cluster")
