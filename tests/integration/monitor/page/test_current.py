"""A screen is current or says that it is not, and one that was left reads nothing more."""

from playwright.sync_api import Route, expect

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import API, Monitor
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import Shop, wait_for_state
from tests.support.monitor_web import TOKENS


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


def test_health_that_cannot_be_read_any_more_is_said_to_be_old(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite, "/monitoring/schedule")
    page = window.page
    window.wait_until_settled()
    window.requests_may_fail = True
    problem = {"status": 503, "detail": "The health cannot be read now."}
    page.route(f"**{API}/health", lambda route: route.fulfill(status=503, json=problem))
    health = page.get_by_role("region", name="Health", exact=True)
    expect(health).to_contain_text("Data as of")
    expect(health).to_contain_text("The health cannot be read now.")
    window.check("stale health")
    # The page tries again by itself: once it succeeds the button is gone.
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**{API}/health", hold)
    with page.expect_request(f"**{API}/health"):
        health.get_by_role("button", name="Try again").click()
    page.route(f"**{API}/health", lambda route: route.continue_())
    for route in held:
        route.continue_()
    expect(health).not_to_contain_text("Data as of")


def test_a_queue_is_not_read_on_when_its_page_is_left_during_a_purge(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    shop.send("place_order", 1, queue="left")
    window = open_window(on_sqlite, "/monitoring/queues")
    page = window.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "confirmation" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/queues/left/purge", hold)
    page.get_by_role("link", name="left", exact=True).click()
    page.get_by_role("button", name="Purge ...").click()
    with page.expect_request(lambda request: "confirmation" in (request.post_data or "")):
        page.get_by_role("button", name="Remove 1 message").click()
    page.go_back()
    expect(page.get_by_role("heading", name="Queues", exact=True)).to_be_visible()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    with page.expect_response("**/queues/left/purge"):
        held[0].continue_()
    page.get_by_role("navigation").get_by_role("link", name="Audit").click()
    expect(page.get_by_role("cell", name="purge queue").first).to_be_visible()
    assert [one for one in requests if "/queues/left/" in one] == []


def test_what_an_admin_read_is_not_shown_to_the_viewer_who_logs_in_next(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite, "/monitoring/audit")
    page = window.page
    expect(page.get_by_role("cell", name="login").first).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    window.requests_may_fail = True
    page.get_by_label("Token").fill(TOKENS[Role.VIEWER])
    page.get_by_label("Token").press("Enter")
    expect(page.get_by_text("Your role is too low for this.")).to_be_visible()
    expect(page.get_by_role("cell")).to_have_count(0)
