"""A task is found by its id, and the field of the filter shows what the list shows."""

import re

from playwright.sync_api import expect

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import Shop, wait_for_state

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_the_whole_id_of_a_task_opens_it(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    window = open_window(on_sqlite)
    page = window.page
    window.wait_until_settled()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type(shop.tasks["PENDING"][0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="shop.tasks.clean_up")).to_be_visible()
    sentence = page.get_by_role("region", name="Why").locator(".what")
    expect(sentence).to_have_text(re.compile("^This task waits in queue print.*no worker reads that queue"))


def test_the_broker_can_be_asked_for_an_id_that_the_history_does_not_know(
    on_sqlite: Monitor, open_window: Open
) -> None:
    page = open_window(on_sqlite, "/monitoring/tasks").page
    field = page.get_by_role("combobox")
    field.fill(UNKNOWN)
    field.press("Enter")
    page.get_by_role("link", name="Ask broker and workers for a task with this id").click()
    expect(page.get_by_role("region", name="Why").locator(".what")).to_contain_text("has never been seen")


def test_the_actions_on_all_are_on_what_the_field_shows(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    """A filter that was typed and not applied would have the dialog act on the one before it."""
    page = open_window(on_sqlite, "/monitoring/tasks?q=state:success", role=Role.OPERATOR).page
    expect(page.get_by_role("heading", name=re.compile(r"^\d+ tasks$"))).to_be_visible()
    wanted = "state:failure name:shop.tasks.import_catalog"
    page.get_by_role("combobox").fill(wanted)
    page.get_by_role("button", name="Retry all ...").click()
    expect(page.get_by_role("dialog")).to_contain_text(wanted)


def test_a_task_whose_time_has_not_come_waits_until_then(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    held = shop.send("place_order", "held", countdown=7200)
    wait_for_state(on_sqlite, held, "RECEIVED")
    page = open_window(on_sqlite, f"/monitoring/tasks?q=id:{held}").page
    expect(page.locator(".grid-body [role=row]")).to_contain_text(re.compile("in (2 h|1 h|119 min)"))
