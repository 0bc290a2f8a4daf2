"""Actions of the page, each from the click to what the workers then did."""

import pytest
from playwright.sync_api import Locator, Page, expect
from tools.testbed.waiting import wait_for

from celery_health.survey.task.states import SIGNALS
from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import SECONDS, Shop, wait_for_state, wait_until_listed


def task_page(identity: str) -> str:
    return f"/monitoring/tasks/{identity}"


def state(page: Page, word: str) -> None:
    """Wait until the task of the page is in this state."""
    expect(page.locator(".page-title .badge").get_by_text(word, exact=True)).to_be_visible()


def click_until(button: Locator, outcome: Locator) -> None:
    """Ask again until the outcome is there: servers and workers that are held up answer too late for one."""

    def is_there() -> bool:
        expect(button).to_be_enabled()
        if outcome.is_visible():
            return True
        button.click()
        return False

    wait_for(is_there, SECONDS, lambda: outcome.page.locator("main").inner_text(), interval=0.5)


def test_a_failed_task_is_retried_with_other_arguments(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    failed = shop.send("import_catalog", "six", queue="reports")
    window = open_window(on_postgresql, task_page(failed))
    page = window.page
    state(page, "failed")
    page.get_by_role("button", name="Retry ...").click()
    window.check("retry dialog")
    page.get_by_label("Arguments, as a JSON list").fill("[1, ]")
    page.get_by_role("button", name="Retry task").click()
    expect(page.get_by_role("alert")).to_contain_text("The arguments are not JSON: write a JSON list")
    page.get_by_label("Arguments, as a JSON list").fill("[1, 0.1]")
    page.get_by_role("button", name="Retry task").click()
    expect(page.get_by_role("definition").get_by_role("link", name=failed)).to_be_visible()
    state(page, "succeeded")
    expect(page.get_by_text("1 pages imported")).to_be_visible()
    retried = page.url.rpartition("/")[2]
    page.get_by_role("link", name=failed).click()
    state(page, "failed")
    expect(page.get_by_role("link", name=retried)).to_be_visible()
    window.check("task with a retry")


@pytest.mark.parametrize("kind", ["that waits for its time", "that runs"])
def test_a_task_is_cancelled(on_postgresql: Monitor, shop: Shop, open_window: Open, kind: str) -> None:
    if kind == "that runs":
        task = shop.send("build_report", 3600, queue="reports")
        wait_for_state(on_postgresql, task, "STARTED")
    else:
        task = shop.send("place_order", 77, countdown=3600)
        wait_for_state(on_postgresql, task, "RECEIVED")
    window = open_window(on_postgresql, task_page(task))
    page = window.page
    page.get_by_role("button", name="Cancel ...").click()
    expect(page.get_by_label("Signal").get_by_role("option")).to_have_text(list(SIGNALS))
    window.check("cancel dialog")
    page.get_by_role("button", name="Cancel task").click()
    expect(page.get_by_role("region", name="Requests")).to_contain_text("by the-admin")
    why = page.get_by_role("region", name="Why")
    # A worker that holds a task until its time says only then that it does not run it.
    if kind == "that waits for its time":
        expect(why).to_contain_text("was requested by the-admin: a worker discards it instead of running it.")
        state(page, "cancel requested")
    else:
        expect(why).to_contain_text("was revoked by the-admin")
        state(page, "revoked")
        expect(page.get_by_role("button", name="Cancel ...")).to_have_count(0)
    window.check(f"task cancelled {kind}")


def test_a_task_in_a_state_of_its_own_is_cancelled(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    task = shop.send("import_catalog", 10_000, 3600, queue="reports")
    wait_for_state(on_postgresql, task, "PROGRESS")
    page = open_window(on_postgresql, task_page(task)).page
    state(page, "progress")
    page.get_by_role("button", name="Cancel ...").click()
    page.get_by_role("button", name="Cancel task").click()
    state(page, "revoked")


def test_a_rejected_task_can_be_retried(on_postgresql: Monitor, shop: Shop, open_window: Open) -> None:
    shop.reject("rejected-by-its-worker")
    wait_for_state(on_postgresql, "rejected-by-its-worker", "REJECTED")
    page = open_window(on_postgresql, task_page("rejected-by-its-worker")).page
    state(page, "rejected")
    expect(page.get_by_role("button", name="Retry ...")).to_be_visible()


def test_all_failures_that_a_filter_finds_are_retried_after_a_dry_run(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    failed = [shop.send("charge_card", "bulk-retry") for _ in range(5)]
    for task in failed:
        wait_for_state(on_postgresql, task, "FAILURE")
    wait_until_listed(on_postgresql, "state:failure arg:bulk-retry", 5)
    window = open_window(on_postgresql, "/monitoring/tasks?q=state:failure%20arg:bulk-retry")
    page = window.page
    expect(page.get_by_role("heading", name="5 tasks")).to_be_visible()
    page.get_by_role("button", name="Retry all ...").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("5 of 5 tasks that the filter finds will be retried.")
    expect(dialog.get_by_role("listitem")).to_have_count(5)
    expect(dialog.get_by_role("listitem").filter(has_text="('bulk-retry',)")).to_have_count(5)
    window.check("bulk retry dialog")
    dialog.get_by_role("button", name="Retry 5 tasks").click()
    expect(dialog).to_contain_text("5 of 5 tasks retried.")
    window.check("bulk retry done")
    dialog.get_by_role("button", name="Close").last.click()
    # Each once: the card is refused again.
    wait_until_listed(on_postgresql, "state:failure arg:bulk-retry", 10)
    page.goto("/monitoring/tasks?q=arg:bulk-retry")
    expect(page.get_by_role("heading", name="10 tasks")).to_be_visible()
    expect(page.locator(".grid-body .badge", has_text="failed")).to_have_count(10)


def test_all_tasks_that_a_filter_finds_are_cancelled(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    for task in [shop.send("place_order", "bulk-cancel", countdown=3600) for _ in range(3)]:
        wait_for_state(on_postgresql, task, "RECEIVED")
    wait_until_listed(on_postgresql, "arg:bulk-cancel", 3)
    window = open_window(on_postgresql, "/monitoring/tasks?q=arg:bulk-cancel", size="phone")
    page = window.page
    page.get_by_role("button", name="Cancel all ...").click()
    expect(page.get_by_role("button", name="Cancel 3 tasks")).to_be_visible()
    window.check("bulk cancel dialog phone")
    page.get_by_role("button", name="Cancel 3 tasks").click()
    expect(page.get_by_role("dialog")).to_contain_text("3 of 3 tasks cancelled.")
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    page.locator("[data-row-link]").first.click()
    expect(page.get_by_role("region", name="Requests")).to_contain_text(
        "by the-admin: a worker discards it instead of running it."
    )


def test_a_waiting_message_is_read_and_removed_and_the_others_are_purged(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    for order in (1, 2, 3):
        shop.send("place_order", order, queue="letters")
    window = open_window(on_postgresql, "/monitoring/queues/letters")
    page = window.page
    messages = page.get_by_role("region", name="Waiting messages")
    rows = messages.get_by_role("row").filter(has_text="shop.tasks.place_order")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("(1,)")
    rows.nth(1).get_by_role("button", name="Remove ...").click()
    window.check("remove dialog")
    page.get_by_role("button", name="Remove message").click()
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="(2,)")).to_have_count(0)
    messages.get_by_role("button", name="Purge ...").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 messages will be removed")
    window.check("purge dialog")
    page.get_by_role("button", name="Remove 2 messages").click()
    expect(messages).to_contain_text("No message waits.")
    page.goto("/monitoring/audit")
    expect(page.get_by_role("cell", name="remove message").first).to_be_visible()
    purges = page.get_by_role("row").filter(has=page.get_by_text("letters", exact=True))
    purges = purges.filter(has=page.get_by_role("cell", name="purge queue"))
    expect(purges.locator(".badge")).to_have_text(["done", "dry run"])
    window.check("audit with a dry run")
    page.goto("/monitoring")
    changes = page.get_by_role("region", name="Changes, last hour").get_by_role("listitem")
    expect(changes.filter(has_text="purge queue").filter(has_text="letters")).to_have_count(1)


def test_a_viewer_has_no_button_that_changes_something(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_postgresql, task_page(shop.tasks["FAILURE"][0]), role=Role.VIEWER)
    page = window.page
    window.requests_may_fail = True
    for path, text in {
        task_page(shop.tasks["FAILURE"][0]): "Traceback",
        task_page(shop.tasks["STARTED"][0]): "has been running this task",
        "/monitoring/tasks?q=state:failure": "shop.tasks.charge_card",
        "/monitoring/queues/print": "Waiting messages",
    }.items():
        page.goto(path)
        window.wait_until_settled()
        expect(page.get_by_text(text).first).to_be_visible()
        buttons = page.locator("main").get_by_role("button")
        assert [one for one in buttons.all_inner_texts() if one.endswith("...")] == []


def test_the_connections_are_tested_in_the_settings(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_postgresql, "/settings")
    window.requests_may_fail = True
    page = window.page
    for name in ("Redis", "Celery"):
        panel = page.get_by_role("region", name=name, exact=True)
        click_until(panel.get_by_role("button", name="Test connection"), panel.get_by_text("works"))
        panel.get_by_role("button", name="Get status").click()
        expect(panel.get_by_role("definition").first).to_be_visible()
    health = page.get_by_role("region", name="Health check").filter(has_text="No worker consumes print")
    click_until(page.get_by_role("button", name="Run health check"), health)
    window.check("settings tested")
