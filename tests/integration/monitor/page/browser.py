"""Debian's Chromium, and windows of it that keep everything the browser reports."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
HOST = "monitor.test"
"""Not localhost: on most networks the page comes over plain HTTP, where browsers give it no clipboard."""

PATIENCE_MS = 60_000.0
PICTURES = Path(__file__).parents[4] / "build" / "page"
SIZES: Mapping[str, Mapping[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
}

WCAG = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
"""All that other colours can change."""

SCHEMES: Mapping[Literal["light", "dark"], dict[str, Any]] = {"light": WCAG, "dark": CONTRAST}

# Of requests that a test lets fail. Chromium reports each of them.
FAILED_REQUESTS = re.compile(r"Failed to load resource|WebSocket connection to .* failed")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a screen."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        rule = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[rule])
        yield browser
        browser.close()


@dataclass
class Window:
    """One page, and what the browser reported about it: messages, errors, dialogs, requests to elsewhere."""

    page: Page
    origin: str
    reports: list[str] = field(default_factory=list)
    requests_may_fail: bool = False

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", lambda message: self.reports.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.reports.append(f"error: {error}"))
        self.page.on("crash", lambda _: self.reports.append("the page crashed"))
        self.page.on("dialog", self._dialog)
        self.page.on("popup", lambda popup: self.reports.append(f"window: {popup.url}"))
        self.page.on("request", self._request)

    def _dialog(self, dialog: Any) -> None:
        self.reports.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:image/")):
            self.reports.append(f"request to elsewhere: {request.url}")

    def unexpected(self) -> list[str]:
        """What a page must not cause."""
        return [one for one in self.reports if not (self.requests_may_fail and FAILED_REQUESTS.search(one))]

    def wait_until_settled(self) -> None:
        """Wait until everything is read, and the WebSocket is open."""
        expect(self.page.get_by_text("Live", exact=True)).to_be_visible()
        expect(self.page.locator(".loading")).to_have_count(0)
        expect(self.page.get_by_text("Checking the fleet ...")).to_have_count(0)

    def check(self, name: str) -> None:
        """Check the page as it is now, in light and in dark: accessibility and width. Pictures are kept."""
        for scheme, rules in SCHEMES.items():
            self.page.emulate_media(color_scheme=scheme)
            self._keep_picture(f"{name} {scheme}")
            violations = Axe().run(self.page, options=rules).response["violations"]
            assert not violations, "\n".join(map(_described, violations))
        self.check_width()

    def _keep_picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        # Of a long list only the rows in the window exist.
        whole = self.page.locator(".grid-body").count() == 0
        self.page.screenshot(path=PICTURES / f"{name}.png", animations="disabled", full_page=whole)

    def check_width(self) -> None:
        """A page that is wider than the window would scroll sideways."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, self.page.evaluate(_WIDEST)


_WIDEST = """[...document.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1)
    .slice(0, 20).map((one) => `${one.tagName}.${one.className} ${one.getBoundingClientRect().right}`)"""


def wait_until_closed(page: Page) -> None:
    """Wait until the page has no dialog: one that the browser closed a moment ago still takes an order."""
    expect(page.locator("dialog")).to_have_count(0)


def _described(violation: Mapping[str, Any]) -> str:
    nodes = "\n".join(
        f"    {node['html'][:200]}\n    {node['failureSummary']}" for node in violation["nodes"][:5]
    )
    return f"{violation['id']}: {violation['help']}\n{nodes}"


def origin_of(url: str) -> str:
    """The same server under a name that is not localhost."""
    return f"http://{HOST}:{urlsplit(url).port}"
