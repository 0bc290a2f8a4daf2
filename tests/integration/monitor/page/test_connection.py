"""Screens that are opened and left while the page has no connection show live data once it has one again."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from tools.testbed.waiting import wait_for

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor, monitor
from tests.integration.monitor.page.browser import Window
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import SECONDS, WORKER, Shop, wait_for_state, wait_until_ready
from tests.integration.monitor.page.test_states import SET_VISIBILITY

# A connection that a test can end without a word to the monitor, as a network does. `away`: no new one opens.
OWN_SOCKETS = """
    window.sockets = [];
    window.away = false;
    window.WebSocket = class extends WebSocket {
        constructor(address) {
            super(window.away ? address + "/nothing" : address);
            window.sockets.push(this);
        }
    };
    window.loseConnection = () => {
        window.away = true;
        window.sockets.at(-1).close(4000);
    };
"""
EVERYWHERE = 3
"""What each screen subscribes to: failures, workers and the resource."""

KEPT_MS = 3000
"""Longer than the page keeps the subscriptions of a screen that was left."""


@pytest.fixture
def unused(tmp_path: Path, home: Path, shop: Shop) -> Iterator[Monitor]:
    """A monitor of its own: one keeps the subscriptions of a window for a minute after it has gone."""
    options = ("-A", "shop.celery", "--token-file", str(home / "tokens"))
    with monitor(tmp_path, *options, variables=shop.variables) as running:
        wait_until_ready(running)
        yield running


def ready(window: Window) -> Page:
    """The page, loaded anew with connections that the test can end and a clock that it can move on."""
    window.page.clock.install()
    window.page.add_init_script(OWN_SOCKETS)
    window.page.reload()
    window.wait_until_settled()
    return window.page


def go(page: Page, screen: str) -> None:
    """Follow the link of the navigation."""
    page.get_by_role("navigation").get_by_role("link", name=screen).click()
    expect(page).to_have_title(f"{screen} · Celery monitor")


def feeds(monitor: Monitor) -> Callable[[], int]:
    """How many different subscriptions the monitor has."""

    def number() -> int:
        _, text = monitor.request("/metrics")
        [found] = re.findall(r"^celery_monitor_websocket_feeds (\d+)", text, re.MULTILINE)
        return int(found)

    return number


def test_a_screen_that_is_opened_without_a_connection_fills_once_there_is_one(
    unused: Monitor, open_window: Open
) -> None:
    window = open_window(unused, "/monitoring/audit")
    page = ready(window)
    subscribed = feeds(unused)
    wait_for(lambda: subscribed() == EVERYWHERE, SECONDS, subscribed)
    go(page, "Overview")
    wait_for(lambda: subscribed() == EVERYWHERE + 3, SECONDS, subscribed)
    window.requests_may_fail = True
    page.evaluate("loseConnection()")
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    go(page, "Schedule")
    page.clock.fast_forward(KEPT_MS)
    page.evaluate("window.away = false")
    window.wait_until_settled()
    expect(page.get_by_text("daily-report").first).to_be_visible()
    # The monitor knows that the overview has ended.
    wait_for(lambda: subscribed() == EVERYWHERE + 1, SECONDS, subscribed)


def test_a_screen_that_is_left_just_before_the_tab_is_hidden_is_live_when_it_is_opened_again(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite, "/monitoring/tasks?q=arg:left-hidden")
    page = ready(window)
    expect(page.get_by_text("No task matches.")).to_be_visible()
    go(page, "Audit")
    page.evaluate(SET_VISIBILITY, "hidden")
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    page.clock.fast_forward(KEPT_MS)
    # In one turn of the page: the new connection is not open yet.
    page.evaluate(f"({SET_VISIBILITY})('visible'); history.back()")
    window.wait_until_settled()
    expect(page.get_by_text("No task matches.")).to_be_visible()
    sent = shop.send("place_order", "left-hidden")
    wait_for_state(on_sqlite, sent, "SUCCESS")
    expect(page.locator("[data-row-link]")).to_have_text("shop.tasks.place_order")


def test_changes_are_loading_until_the_workers_are_known(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite, "/monitoring/schedule", role=Role.VIEWER)
    window.wait_until_settled()
    window.requests_may_fail = True
    window.page.add_init_script(f"{OWN_SOCKETS} window.away = true;")
    window.page.goto("/monitoring")
    changes = window.page.get_by_role("region", name="Changes, last hour")
    expect(changes.locator(".loading")).to_be_attached()
    window.page.evaluate("window.away = false")
    expect(changes.get_by_role("listitem").first).to_be_visible()


def test_a_chart_that_has_gone_is_not_resized(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    window = open_window(on_sqlite, f"/monitoring/workers/{quote(WORKER)}")
    page = window.page
    # A browser may still call when the screen has changed.
    page.add_init_script("""
        window.resized = [];
        window.ResizeObserver = class {
            constructor(call) { window.resized.push(call); }
            observe() {}
            disconnect() {}
        };
    """)
    page.reload()
    expect(page.locator(".chart canvas")).to_be_visible()
    go(page, "Audit")
    assert page.evaluate("window.resized.length") > 0
    page.evaluate("window.resized.forEach((call) => call())")
