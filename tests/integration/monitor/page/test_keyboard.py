"""The main journeys with the keyboard alone, logging in, and copying over plain HTTP."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tools.testbed.waiting import wait_for

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor, monitor
from tests.integration.monitor.page.browser import wait_until_closed
from tests.integration.monitor.page.conftest import PREFIX, Open
from tests.integration.monitor.page.shop import UNREAD, Shop, wait_for_state, wait_until_listed
from tests.support.monitor_web import OPERATOR

MOST_STOPS = 60
# Both keys in one turn of the page: the second counts only soon after the first.
PRESS = """(keys) => {
    for (const key of keys) {
        const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
        document.activeElement.dispatchEvent(event);
    }
}"""
# A button says for a moment only that it has copied.
KEEP_LABELS = """() => {
    window.labels = [];
    const keep = (changes) => window.labels.push(...changes.map(({ target }) => target.ariaLabel));
    new MutationObserver(keep).observe(document, { subtree: true, attributeFilter: ["aria-label"] });
}"""


@pytest.fixture
def just_started(tmp_path: Path, home: Path, empty_shop: Shop) -> Iterator[Monitor]:
    """A monitor of its own: the login link is valid for 10 minutes."""
    options = ("--broker", empty_shop.redis.database(8), "--token-file", str(home / "tokens"))
    with monitor(tmp_path, *options, "--url-prefix", PREFIX, "--login-link") as running:
        yield running


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the element has the focus."""
    expect(target).to_be_visible()
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if target.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError("Tab does not lead there")


def test_a_failed_task_is_found_and_retried_without_a_mouse(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    failed = shop.send("charge_card", "by-keyboard")
    wait_for_state(on_sqlite, failed, "FAILURE")
    wait_until_listed(on_sqlite, "state:failure arg:by-keyboard", 1)
    window = open_window(on_sqlite)
    page = window.page
    window.wait_until_settled()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("state:fail")
    expect(page.get_by_role("option", name="state:failure")).to_be_visible()
    window.check("completions")
    page.keyboard.press("Tab")
    page.keyboard.type('queue:"default')
    expect(page.get_by_role("option", name="queue:default")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox")).to_have_value("state:failure queue:default ")
    page.keyboard.type("arg:by-keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("^1 task$"))).to_be_visible()
    expect(page.locator("[data-row-link]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-row-link]").first).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Retry ..."))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Retry task"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("definition").get_by_role("link", name=failed)).to_be_visible()
    expect(page.locator(".page-title .badge")).to_have_text("failed")


def test_a_letter_typed_right_after_a_completion_stays(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    page = open_window(on_sqlite, "/monitoring/tasks").page
    field = page.get_by_role("combobox")
    field.focus()
    page.keyboard.type("state:fail")
    expect(page.get_by_role("option", name="state:failure")).to_be_visible()
    # Both keys in one turn of the page: it cannot draw the field between them.
    field.evaluate("""(field) => {
        field.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true }));
        field.setRangeText("a", field.value.length, field.value.length, "end");
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }""")
    expect(page).to_have_url(re.compile("q=state%3Afailure$"))
    page.keyboard.type("rg:x")
    expect(field).to_have_value("state:failure arg:x")


def test_a_completion_replaces_no_other_text(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    page = open_window(on_sqlite, "/monitoring/tasks").page
    field = page.get_by_role("combobox")
    field.focus()
    page.keyboard.type("state:fail")
    expect(page.get_by_role("option", name="state:failure")).to_be_visible()
    # The page has drawn the new text, and asks for its completions a moment later.
    value = field.evaluate("""async (field) => {
        field.setRangeText("arg:by-keyboard", 0, field.value.length, "end");
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        await new Promise(requestAnimationFrame);
        field.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true }));
        return field.value;
    }""")
    assert value == "arg:by-keyboard"


def test_each_screen_is_two_keys_away(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    window = open_window(on_sqlite)
    page = window.page
    window.wait_until_settled()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keys")
    expect(help_).to_be_visible()
    window.check("help")
    screens = help_.locator("dl").last.locator("div").all_inner_texts()
    page.keyboard.press("Escape")
    wait_until_closed(page)
    assert len(screens) >= 8
    for keys in screens:
        _, key, name = keys.split()
        page.evaluate(PRESS, ["g", key])
        expect(page).to_have_title(f"{name} · Celery monitor")


def test_the_first_tab_stop_leads_to_the_content(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    window = open_window(on_sqlite)
    window.wait_until_settled()
    window.page.keyboard.press("Tab")
    expect(window.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    window.page.keyboard.press("Enter")
    expect(window.page.locator("#content")).to_be_focused()


def test_a_token_is_traded_for_a_session(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    window = open_window(on_sqlite, "/monitoring/workers", role=None)
    page = window.page
    expect(page.get_by_label("Token")).to_be_focused()
    window.check("login")
    window.requests_may_fail = True
    page.keyboard.type("a-wrong-token-of-some-length")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This token is not valid.")
    window.check("login refused")
    page.get_by_label("Token").fill(OPERATOR["Authorization"].removeprefix("Bearer "))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()


def test_the_link_of_the_terminal_logs_in_once(just_started: Monitor, open_window: Open) -> None:
    found = wait_for(
        lambda: re.search(rf"Log in at \S+({PREFIX}/login/\S+)", just_started.text()),
        describe=just_started.text,
    )
    window = open_window(just_started, found[1], role=None)
    window.wait_until_settled()
    expect(window.page).to_have_url(f"{window.origin}{PREFIX}/monitoring")
    window.requests_may_fail = True
    again = window.page.goto(found[1])
    assert again is not None
    assert again.status == 410


def test_an_id_and_a_command_are_copied_over_plain_http(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    failed = shop.tasks["FAILURE"][0]
    window = open_window(on_sqlite, f"/monitoring/tasks/{failed}")
    page = window.page
    window.wait_until_settled()
    assert not page.evaluate("window.isSecureContext")
    # The worst verdict is another one while a worker is held up.
    verdict = page.locator(".verdict").filter(has_text="-Q print")
    for place, what, text in (
        (page.locator("main"), "the task id", failed),
        (verdict, "the command", "celery -A shop.celery worker -Q print"),
    ):
        page.evaluate(KEEP_LABELS)
        place.get_by_role("button", name=f"Copy {what}").first.click()
        page.wait_for_function("labels.includes('Copied')")
        page.keyboard.press("/")
        field = page.get_by_role("combobox")
        expect(field).to_be_focused()
        page.keyboard.press("Control+V")
        expect(field).to_have_value(text)
        page.go_back()


def test_j_and_k_move_in_small_tables_too(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    window = open_window(on_sqlite, "/monitoring/queues")
    page = window.page
    links = page.locator("main tbody th a")
    expect(links.nth(1)).to_be_visible()
    for key, row in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(links.nth(row)).to_be_focused()


def test_the_focus_goes_back_to_the_button_when_its_action_is_done(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    task = shop.send("place_order", "focus", countdown=3600)
    wait_for_state(on_sqlite, task, "RECEIVED")
    page = open_window(on_sqlite, f"/monitoring/tasks/{task}").page
    button = page.get_by_role("button", name="Cancel ...")
    button.press("Enter")
    page.get_by_role("button", name="Cancel task").press("Enter")
    wait_until_closed(page)
    expect(button).to_be_focused()


def test_a_word_that_is_only_in_a_name_finds_the_tasks_of_that_name(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    page = open_window(on_sqlite, "/monitoring/tasks?q=PLACE_order").page
    expect(page.locator("[data-row-link]").first).to_have_text("shop.tasks.place_order")


def test_why_a_task_waits_is_found_by_a_part_of_its_name_without_a_mouse(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite, role=Role.VIEWER)
    page = window.page
    window.wait_until_settled()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type(f"clean_up queue:{UNREAD}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("^4 tasks$"))).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-row-link]").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Why")).to_contain_text("no worker reads that queue")


def only_help_opens(page: Page) -> None:
    """The keys before opened nothing: the help takes no key while another dialog is open."""
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_accessible_name("Keys")
    page.keyboard.press("Escape")
    wait_until_closed(page)


def test_r_and_c_ask_what_the_buttons_of_the_task_ask(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite, f"/monitoring/tasks/{shop.tasks['FAILURE'][1]}", role=Role.OPERATOR)
    page = window.page
    retry = page.get_by_role("dialog", name="Retry this task")
    expect(page.get_by_role("button", name="Retry ...")).to_be_visible()
    page.keyboard.press("c")
    only_help_opens(page)
    page.keyboard.press("r")
    retry.get_by_label("Arguments, as a JSON list").focus()
    page.keyboard.type("rc")
    expect(retry.get_by_label("Arguments, as a JSON list")).to_have_value("rc")
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    wait_until_closed(page)
    held = shop.send("place_order", "by-key", countdown=3600)
    wait_for_state(on_sqlite, held, "RECEIVED")
    page.goto(f"/monitoring/tasks/{held}")
    expect(page.get_by_role("button", name="Cancel ...")).to_be_visible()
    page.keyboard.press("r")
    only_help_opens(page)
    page.keyboard.press("c")
    tab_to(page, page.get_by_role("button", name="Cancel task"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("by the-operator").first).to_be_visible()


def test_r_and_c_do_nothing_for_a_viewer(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    for path in (f"/monitoring/tasks/{shop.tasks['FAILURE'][1]}", "/monitoring/tasks?q=state:failure"):
        window = open_window(on_sqlite, path, role=Role.VIEWER)
        page = window.page
        expect(
            page.get_by_text("PaymentRefusedError" if "q=" not in path else "charge_card").first
        ).to_be_visible()
        for key in ("j", "x", "r", "c"):
            page.keyboard.press(key)
        only_help_opens(page)
