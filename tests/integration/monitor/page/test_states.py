"""Each state in which a screen has no current data is designed: empty, loading, stale, failed, forbidden."""

import pytest
from playwright.sync_api import Route, expect
from tools.testbed.databases import PostgresServer
from tools.testbed.waiting import wait_for

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor
from tests.integration.monitor.page.browser import SIZES
from tests.integration.monitor.page.conftest import PREFIX, Open
from tests.integration.monitor.page.shop import SECONDS, Shop, wait_for_state

# A browser without a screen never hides a tab.
SET_VISIBILITY = """(state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""

EMPTY = {
    "": "No worker has been seen.",
    "/tasks": "No tasks yet.",
    "/failures": "No failures in this time.",
    "/queues": "No queues yet.",
    "/workers": "No worker has been seen.",
    "/schedule": "No periodic tasks are known.",
}


@pytest.mark.parametrize("size", SIZES)
def test_each_screen_of_a_new_monitor_says_why_it_is_empty(
    quiet: Monitor, open_window: Open, size: str
) -> None:
    window = open_window(quiet, f"{PREFIX}/monitoring", size=size)
    for path, text in EMPTY.items():
        window.page.goto(f"{PREFIX}/monitoring{path}")
        window.wait_until_settled()
        expect(window.page.get_by_text(text).first).to_be_visible()
        window.check(f"empty{path.replace('/', ' ')} {size}")


def test_every_link_of_a_monitor_with_a_prefix_stays_below_it(quiet: Monitor, open_window: Open) -> None:
    window = open_window(quiet, f"{PREFIX}/monitoring")
    page = window.page
    for screen in ("Tasks", "Failures", "Queues", "Workers", "Schedule", "Audit", "Settings", "Overview"):
        page.get_by_role("navigation").get_by_role("link", name=screen).click()
        expect(page).to_have_title(f"{screen} · Celery monitor")
        links = page.locator("a[href]").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        assert [one for one in links if not one.startswith((f"{PREFIX}/", "#"))] == []


def test_a_queue_is_asked_for_messages_only_once_the_broker_shows_it(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite, "/monitoring/queues/late")
    page = window.page
    expect(page.get_by_text("There is no such queue now.")).to_be_visible()
    expect(page.get_by_text("No history yet.")).to_be_visible()
    window.check("unknown queue")
    shop.send("place_order", 1, queue="late")
    expect(page.get_by_role("row").filter(has_text="shop.tasks.place_order")).to_be_visible()
    page.get_by_role("button", name="Purge ...").click()
    page.get_by_role("button", name="Remove 1 message").click()
    expect(page.get_by_text("No message waits.")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_a_slow_answer_is_waited_for_with_grey_lines(
    on_sqlite: Monitor, shop: Shop, open_window: Open, size: str
) -> None:
    window = open_window(on_sqlite, "/monitoring/nothing", size=size)
    window.wait_until_settled()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    window.page.route("**/api/automation/monitoring/tasks*", hold)
    window.page.goto("/monitoring/tasks")
    expect(window.page.locator(".loading.shown")).to_be_visible()
    window.check(f"loading {size}")
    for route in held:
        route.continue_()
    window.wait_until_settled()


@pytest.mark.parametrize("size", SIZES)
def test_without_a_network_the_data_stays_and_its_age_is_said(
    on_sqlite: Monitor, shop: Shop, open_window: Open, size: str
) -> None:
    window = open_window(on_sqlite, size=size)
    window.wait_until_settled()
    window.requests_may_fail = True
    window.page.context.set_offline(True)
    expect(window.page.get_by_text("Reconnecting, data as of")).to_be_visible()
    expect(window.page.get_by_text("PaymentRefusedError").first).to_be_visible()
    window.check(f"reconnecting {size}")
    window.page.context.set_offline(False)
    window.wait_until_settled()


@pytest.mark.parametrize("size", SIZES)
def test_a_hidden_tab_is_paused_and_catches_up_when_it_is_shown(
    on_sqlite: Monitor, shop: Shop, open_window: Open, size: str
) -> None:
    window = open_window(on_sqlite, f"/monitoring/tasks?q=arg:hidden-{size}", size=size)
    page = window.page
    window.wait_until_settled()
    requests: list[str] = []
    page.evaluate(SET_VISIBILITY, "hidden")
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    page.on("request", lambda request: requests.append(request.url))
    sent = shop.send("place_order", f"hidden-{size}")
    wait_for_state(on_sqlite, sent, "SUCCESS")
    window.check(f"paused {size}")
    assert requests == []
    assert page.get_by_text("No task matches.").is_visible()
    page.evaluate(SET_VISIBILITY, "visible")
    window.wait_until_settled()
    expect(page.locator("[data-row-link]")).to_have_text("shop.tasks.place_order")


def test_without_its_database_the_monitor_says_so_on_each_screen(
    on_postgresql: Monitor, postgres: PostgresServer, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_postgresql, "/monitoring/failures")
    window.wait_until_settled()
    expect(window.page.get_by_text("PaymentRefusedError").first).to_be_visible()
    window.requests_may_fail = True
    postgres.stop()
    try:
        expect(window.page.get_by_text("Data as of")).to_be_visible()
        window.check("stale failures")
        for screen in ("tasks", "audit"):
            window.page.goto(f"/monitoring/{screen}")
            expect(window.page.get_by_text("Not available now.").first).to_be_visible()
            window.check(f"error {screen}")
    finally:
        postgres.start()
    wait_for(lambda: on_postgresql.request("/readyz", None)[0] == 200, SECONDS, on_postgresql.text)
    window.page.reload()
    window.wait_until_settled()
    expect(window.page.get_by_role("row").nth(1)).to_be_visible()


def test_a_filter_that_cannot_be_read_says_what_to_write(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite, "/monitoring/tasks?q=stat:failure")
    window.requests_may_fail = True
    expect(window.page.get_by_text("This filter cannot be read.")).to_be_visible()
    expect(window.page.get_by_role("alert").first).to_contain_text("state")
    window.check("wrong filter")


def test_a_viewer_sees_that_the_role_is_too_low(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    window = open_window(on_sqlite, "/monitoring/audit", role=Role.VIEWER)
    window.requests_may_fail = True
    expect(window.page.get_by_text("Your role is too low for this.")).to_be_visible()
    window.check("forbidden audit")
