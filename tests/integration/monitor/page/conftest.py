"""One browser, one shop and two monitors for all tests of the page: one with SQLite, one with PostgreSQL."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tools.testbed.databases import PostgresServer, postgres_server
from tools.testbed.waiting import wait_for

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import API, Monitor, monitor
from tests.integration.monitor.page.browser import SIZES, Window, chromium, origin_of
from tests.integration.monitor.page.shop import SECONDS, Shop, open_shop, wait_until_ready, wait_until_shown
from tests.support.monitor_web import TOKENS

Open = Callable[..., Window]
PREFIX = "/celery"


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    lines = (f"the-{role.value} {role.value} {token}\n" for role, token in TOKENS.items())
    (folder / "tokens").write_text("".join(lines))
    return folder


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def empty_shop(home: Path) -> Iterator[Shop]:
    with open_shop(home) as opened:
        yield opened


@pytest.fixture(scope="package")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="package")
def on_sqlite(home: Path, shop_monitors: tuple[Monitor, Monitor]) -> Monitor:
    return shop_monitors[0]


@pytest.fixture(scope="package")
def on_postgresql(shop_monitors: tuple[Monitor, Monitor]) -> Monitor:
    return shop_monitors[1]


@pytest.fixture(scope="package")
def shop_monitors(
    home: Path, empty_shop: Shop, postgres: PostgresServer
) -> Iterator[tuple[Monitor, Monitor]]:
    options = ("-A", "shop.celery", "--token-file", str(home / "tokens"))
    with (
        monitor(home / "sqlite", *options, variables=empty_shop.variables) as first,
        monitor(
            home / "postgresql",
            *options,
            "--database",
            postgres.database(),
            variables=empty_shop.variables,
        ) as second,
    ):
        for each in (first, second):
            wait_until_ready(each)
        empty_shop.fill()
        empty_shop.leave()
        for each in (first, second):
            wait_until_shown(each, empty_shop)
        yield first, second


@pytest.fixture(scope="package")
def quiet(home: Path, empty_shop: Shop) -> Iterator[Monitor]:
    """A monitor below a prefix, of a broker that has nothing."""
    options = ("--broker", empty_shop.redis.database(8), "--token-file", str(home / "tokens"))
    with monitor(home / "quiet", *options, "--url-prefix", PREFIX) as running:
        wait_for(lambda: running.request("/readyz", None)[0] == 200, SECONDS, running.text)
        yield running


@pytest.fixture(scope="package")
def shop(empty_shop: Shop, shop_monitors: tuple[Monitor, Monitor]) -> Shop:
    """With its tasks, which the monitors show."""
    return empty_shop


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Open]:
    """Opens windows, and holds at the end that the browser reported nothing about them."""
    windows = []

    def opened(
        running: Monitor,
        path: str = "/monitoring",
        *,
        role: Role | None = Role.ADMIN,
        size: str = "desktop",
        dark: bool = False,
    ) -> Window:
        origin = origin_of(running.url)
        context = browser.new_context(
            base_url=origin, color_scheme="dark" if dark else "light", locale="en-GB", **SIZES[size]
        )
        if role is not None:
            name, value = session_cookie(running, role)
            context.add_cookies([{"name": name, "value": value, "url": origin}])
        window = Window(context.new_page(), origin)
        windows.append(window)
        window.page.goto(path)
        return window

    yield opened
    found = []
    for window in windows:
        window.page.context.close()
        found += window.unexpected()
    assert found == []


def session_cookie(running: Monitor, role: Role) -> tuple[str, str]:
    """Log in as a browser does; returns the name and the value of the cookie."""
    body = json.dumps({"token": TOKENS[role]}).encode()
    request = urllib.request.Request(f"{running.url}{API}/login", data=body, method="POST")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as response:
        [cookie] = SimpleCookie(response.headers["Set-Cookie"]).values()
    return cookie.key, cookie.value
