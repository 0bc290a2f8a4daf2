"""Rows of the list of tasks are selected and acted on, with the mouse, the keyboard and a finger."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor
from tests.integration.monitor.page.browser import Window, wait_until_closed
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import Shop, wait_for_state, wait_until_listed


def failed(monitor: Monitor, shop: Shop, mark: str, number: int = 4) -> list[str]:
    """Ids of new tasks that have failed with this argument, in the order of the list."""
    sent = []
    for _ in range(number):
        sent.append(shop.send("charge_card", mark))
        # One after the other, so that the order of the list is certain.
        wait_for_state(monitor, sent[-1], "FAILURE")
    wait_until_listed(monitor, f"state:failure arg:{mark}", number)
    return sent[::-1]


def listed(window: Window, number: int) -> None:
    """Wait until the list has this number of tasks, and shows them."""
    expect(window.page.get_by_role("heading", name=re.compile(f"^{number} tasks?$"))).to_be_visible()
    expect(window.page.locator("[data-row-link]")).to_have_count(number)


def box(page: Page, identity: str) -> Locator:
    return page.get_by_role("checkbox", name=identity)


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Selected tasks")


def retried(monitor: Monitor, ids: list[str]) -> list[int]:
    """How often each task was retried."""
    return [len((monitor.task(identity) or {})["retried_as"]) for identity in ids]


def test_a_range_of_rows_is_selected_with_shift_and_retried(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    ids = failed(on_postgresql, shop, "select-range")
    window = open_window(on_postgresql, "/monitoring/tasks?q=arg:select-range", role=Role.OPERATOR)
    page = window.page
    listed(window, 4)
    box(page, ids[0]).click()
    expect(bar(page)).to_contain_text("1 task selected")
    box(page, ids[2]).click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("3 tasks selected")
    box(page, ids[1]).click()
    expect(bar(page)).to_contain_text("2 tasks selected")
    assert [box(page, one).is_checked() for one in ids] == [True, False, True, False]
    expect(page).to_have_url(re.compile("/monitoring/tasks"))
    window.check("selected rows")
    bar(page).get_by_role("button", name="Retry ...").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 of 2 selected tasks will be retried.")
    window.check("retry selected dialog")
    dialog.get_by_role("button", name="Retry 2 tasks").click()
    expect(dialog).to_contain_text("2 of 2 tasks retried.")
    dialog.get_by_role("button", name="Close").last.click()
    expect(bar(page)).to_have_count(0)
    assert retried(on_postgresql, ids) == [1, 0, 1, 0]


def test_rows_are_selected_and_retried_without_a_mouse(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    ids = failed(on_sqlite, shop, "select-keys")
    window = open_window(on_sqlite, "/monitoring/tasks?q=arg:select-keys", role=Role.OPERATOR)
    page = window.page
    listed(window, 4)
    page.keyboard.press("j")
    expect(page.locator("[data-row-link]").first).to_be_focused()
    page.keyboard.press("x")
    expect(box(page, ids[0])).to_be_checked()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[data-row-link]").nth(2)).to_be_focused()
    page.keyboard.press("Shift+X")
    expect(bar(page)).to_contain_text("3 tasks selected")
    # The checkbox takes the keys of the list too.
    box(page, ids[2]).focus()
    page.keyboard.press("Space")
    expect(bar(page)).to_contain_text("2 tasks selected")
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="Retry 2 tasks")
    expect(dialog).to_contain_text("2 of 2 selected tasks will be retried.")
    page.keyboard.press("Escape")
    wait_until_closed(page)
    expect(bar(page)).to_contain_text("2 tasks selected")
    page.keyboard.press("r")
    dialog.get_by_role("button", name="Retry 2 tasks").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("2 of 2 tasks retried.")
    page.keyboard.press("Escape")
    expect(bar(page)).to_have_count(0)
    assert retried(on_sqlite, ids) == [1, 1, 0, 0]


def test_selected_tasks_are_cancelled_on_a_phone_and_others_are_named(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    [ended] = failed(on_postgresql, shop, "select-phone", 1)
    held = shop.send("place_order", "select-phone", countdown=3600)
    wait_for_state(on_postgresql, held, "RECEIVED")
    wait_until_listed(on_postgresql, "arg:select-phone", 2)
    window = open_window(
        on_postgresql, "/monitoring/tasks?q=arg:select-phone", role=Role.OPERATOR, size="phone"
    )
    page = window.page
    listed(window, 2)
    for identity in (ended, held):
        box(page, identity).tap()
    expect(bar(page)).to_contain_text("2 tasks selected")
    window.check("selected rows phone")
    bar(page).get_by_role("button", name="Cancel ...").tap()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 of 2 selected tasks will be cancelled; 1 cannot.")
    window.check("cancel selected dialog phone")
    dialog.get_by_role("button", name="Cancel 1 task").tap()
    expect(dialog).to_contain_text("1 of 1 task cancelled.")
    dialog.get_by_role("button", name="Close").last.tap()
    expect(bar(page)).to_have_count(0)
    assert (on_postgresql.task(held) or {})["cancel"]["requested_by"] == "the-operator"


def test_another_filter_and_escape_end_the_selection(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite, "/monitoring/tasks", role=Role.OPERATOR)
    page = window.page
    ends: tuple[Callable[[], None], ...] = (
        lambda: page.keyboard.press("Escape"),
        lambda: page.get_by_role("link", name="Failed").click(),
    )
    for end in ends:
        page.get_by_role("checkbox").first.click()
        expect(bar(page)).to_contain_text("1 task selected")
        end()
        expect(bar(page)).to_have_count(0)
        expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)


def test_a_viewer_selects_nothing(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    window = open_window(on_sqlite, "/monitoring/tasks", role=Role.VIEWER)
    window.wait_until_settled()
    expect(window.page.locator("[data-row-link]").first).to_be_visible()
    expect(window.page.get_by_role("checkbox")).to_have_count(0)
