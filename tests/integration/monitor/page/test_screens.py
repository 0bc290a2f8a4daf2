"""Each screen draws what workers did, on a desktop and a phone, in light and in dark."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from celery_health.catalogue.fleet import FleetReason
from tests.integration.monitor.monitor_process import Monitor
from tests.integration.monitor.page.browser import SIZES, Window
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import LEFT, UNREAD, WORKER, Shop

Path = Callable[[Shop], str]


def at(path: str) -> Path:
    return lambda shop: path


def task(state: str, which: int = 0) -> Path:
    return lambda shop: f"/monitoring/tasks/{shop.tasks[state][which]}"


REMEDY = FleetReason.QUEUE_NOT_CONSUMED.entry.wording.remedy.format(queues=UNREAD)
"""Every screen has the remedy of the catalogue."""

# Where each screen is, and texts that are on it.
SCREENS: dict[str, tuple[Path, list[str]]] = {
    "overview": (
        at("/monitoring"),
        ["4 messages ready", "1 of 2 slots busy", WORKER, LEFT, UNREAD, "PaymentRefusedError", "TypeError"],
    ),
    # Which tasks are the newest depends on the tests that ran before.
    "tasks": (at("/monitoring/tasks"), ["in the history", "shop.tasks."]),
    "tasks unfinished": (
        at(f"/monitoring/tasks?q={quote('state:started state:pending')}"),
        ["found", "shop.tasks.build_report", "(7200,)", "running", "waiting"],
    ),
    "tasks found": (
        # Other tests have newer tasks fail, and a row far below the window is not on the page.
        at(f"/monitoring/tasks?q={quote('state:failure arg:5')}"),
        ["found", "shop.tasks.charge_card", "(5,)", "Retry all ..."],
    ),
    "task failed": (
        task("FAILURE"),
        ["Retry ...", "Traceback", "PaymentRefusedError('the card of order 0 was refused')", "took", "(0,)"],
    ),
    "task running": (task("STARTED"), ["Cancel ...", "has been running this task", "(7200,)", WORKER]),
    "task waiting": (task("PENDING"), ["Cancel ...", "no worker reads that queue", "has waited", REMEDY]),
    "task retried": (
        task("SUCCESS", 40),
        ["retrying", "MailServerBusyError", "mail of order 7 sent at attempt 2"],
    ),
    "task of a chain": (task("SUCCESS", 41), ["Workflow", "2 tasks", "order 102 placed"]),
    "task unknown": (at("/monitoring/tasks/none"), ["The history has no such task."]),
    "failures": (
        at("/monitoring/failures"),
        ["PaymentRefusedError", "shop.tasks.charge_card", "Latest", "the card of order"],
    ),
    "queues": (at("/monitoring/queues"), [UNREAD, "no worker", "default"]),
    "queue": (
        at(f"/monitoring/queues/{UNREAD}"),
        [
            "Purge ...",
            "Remove ...",
            "shop.tasks.clean_up",
            "No online worker consumes this queue.",
            "Ready by priority",
        ],
    ),
    "workers": (at("/monitoring/workers"), [WORKER, LEFT, "shut down", "online", "prefork pool", "1 of 2"]),
    "worker": (
        at(f"/monitoring/workers/{quote(WORKER)}"),
        ["shop.tasks.build_report", "prefork, 2 slots", "Celery 5"],
    ),
    "worker that left": (at(f"/monitoring/workers/{quote(LEFT)}"), ["offline since", "why offline"]),
    "schedule": (at("/monitoring/schedule"), ["daily-report", "clean-up", "every 20 s"]),
    "alerts": (at("/monitoring/alerts"), ["Nothing is silenced.", "No channel is configured."]),
    "audit": (at("/monitoring/audit"), ["the-admin", "login", "done"]),
    "settings": (at("/settings"), ["Test connection", "Run health check", "the-admin"]),
    "not found": (at("/monitoring/nothing"), ["The page has no such screen."]),
    "named as in JavaScript": (at("/monitoring/constructor"), ["The page has no such screen."]),
    "name too long": (
        at(f"/monitoring/tasks/{'x' * 300}"),
        ["It has 300 characters. An id or a name has at most 255 characters here."],
    ),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_shows_what_the_workers_did(
    on_sqlite: Monitor, shop: Shop, open_window: Open, screen: str, size: str
) -> None:
    path, texts = SCREENS[screen]
    window = open_window(on_sqlite, path(shop), size=size)
    window.wait_until_settled()
    shows(window, texts)
    window.check(f"{screen} {size}")


def test_each_screen_is_drawn_from_postgresql_too(
    on_postgresql: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_postgresql)
    for path, texts in SCREENS.values():
        window.page.goto(path(shop))
        window.wait_until_settled()
        shows(window, texts)


def test_a_queue_without_a_worker_has_the_remedy_beside_its_workers(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    page = open_window(on_sqlite, f"/monitoring/queues/{UNREAD}").page
    expect(page.get_by_role("region", name="Workers")).to_contain_text(REMEDY)


def shows(window: Window, texts: list[str]) -> None:
    """Wait until each text is on the screen."""
    for text in texts:
        expect(window.page.locator("main").get_by_text(text).first).to_be_attached()
