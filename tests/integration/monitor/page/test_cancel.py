"""A cancel is shown at once, in the same words everywhere, and a task that has ended is not cancelled."""

import pytest
from celery import Celery
from playwright.sync_api import Page, expect

from tests.integration.monitor.monitor_process import Monitor
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import Shop, wait_for_state, wait_until_listed
from tests.integration.monitor.page.test_actions import state, task_page
from tests.integration.monitor.page.test_connection import ready


def cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel ...").click()
    page.get_by_role("button", name="Cancel task").click()


@pytest.mark.parametrize(("result", "word"), [("SUCCESS", "succeeded"), ("FAILURE", "failed")])
def test_the_end_of_a_task_that_only_the_result_backend_knows_is_shown(
    on_postgresql: Monitor, shop: Shop, open_window: Open, result: str, word: str
) -> None:
    task = f"end-not-reported-{result}"
    shop.receive(task)
    wait_for_state(on_postgresql, task, "RECEIVED")
    window = open_window(on_postgresql, task_page(task))
    page = window.page
    state(page, "received")
    expect(page.get_by_role("button", name="Cancel ...")).to_be_visible()
    with Celery(backend=shop.variables["CELERY_RESULT_BACKEND"], set_as_current=False) as app:
        app.backend.store_result(task, 7 if result == "SUCCESS" else KeyError("seven"), result)
        state(page, word)
    expect(page.get_by_role("region", name="Why")).to_contain_text(f"{word} ")
    expect(page.get_by_role("button", name="Cancel ...")).to_have_count(0)
    runs = page.get_by_role("region", name="Runs")
    expect(runs.locator(".badge")).to_have_text([word])
    expect(runs).not_to_contain_text("runs for")
    window.check(f"task with an end that no event has {word}")
    # Lists, filters and numbers say it too.
    wait_until_listed(on_postgresql, f"id:{task} state:{result.lower()}", 1)


def test_a_cancel_is_shown_before_any_worker_answers(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    task = shop.send("clean_up", queue="cancelled")
    wait_for_state(on_postgresql, task, "PENDING")
    window = open_window(on_postgresql, task_page(task))
    page = ready(window)
    window.requests_may_fail = True
    page.evaluate("loseConnection()")
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    cancel(page)
    # Only the answer to the request can say so: the page has no connection.
    request = page.get_by_role("status").filter(has_text="A cancel was requested")
    expect(request).to_contain_text("by the-admin: no worker has been ordered yet.")
    page.evaluate("window.away = false")
    effect = "by the-admin: a worker discards it instead of running it."
    expect(request).to_contain_text(effect)
    expect(page.get_by_role("region", name="Requests")).to_contain_text(effect)
    why = page.get_by_role("region", name="Why")
    expect(why).to_contain_text(effect)
    expect(why).to_contain_text("A cancel of this task")
    expect(page.locator(".page-title .badge")).to_have_text(["cancel requested"])
    window.check("task cancelled that no worker has")
    # Other tests count the messages that wait.
    shop.purge("cancelled")


def test_a_lost_task_can_be_cancelled_and_retried(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    shop.leave("lost-with-its-worker")
    wait_for_state(on_postgresql, "lost-with-its-worker", "LOST")
    page = open_window(on_postgresql, task_page("lost-with-its-worker")).page
    expect(page.get_by_role("button", name="Retry ...")).to_be_visible()
    cancel(page)
    expect(page.get_by_role("region", name="Requests")).to_contain_text("by the-admin")


def test_a_cancel_says_that_it_took_effect(on_postgresql: Monitor, shop: Shop, open_window: Open) -> None:
    task = shop.send("build_report", 3601, queue="reports")
    wait_for_state(on_postgresql, task, "STARTED")
    page = open_window(on_postgresql, task_page(task)).page
    cancel(page)
    request = page.get_by_role("status").filter(has_text="A cancel was requested")
    expect(request).to_contain_text("by the-admin: it took effect, and the task was revoked.")
