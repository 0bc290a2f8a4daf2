"""Alerts on the page: what fires, a silence, and the sentence on the overview."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import expect
from tools.testbed.waiting import wait_for

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor, monitor
from tests.integration.monitor.page.browser import SIZES
from tests.integration.monitor.page.conftest import Open

BROKER = "redis://127.0.0.1:1/0"
SUMMARY = "The broker of the application cannot be reached"


@pytest.fixture
def alarmed(home: Path, tmp_path: Path) -> Iterator[Monitor]:
    """A monitor without a broker."""
    options = ("--broker", BROKER, "--token-file", str(home / "tokens"))
    rules = '{"CeleryBrokerUnreachable": {"for": "0s"}}'
    with monitor(tmp_path, *options, "--alert-rules", rules) as running:
        wait_for(lambda: running.get("/alerts")["firing"], 60.0, running.text)
        yield running


@dataclass
class Receiver:
    """A receiver of webhooks, which answers with ``status``."""

    url: str = ""
    status: HTTPStatus = HTTPStatus.OK
    received: list[bytes] = field(default_factory=list)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a port of its own; ended when the block ends."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("size", SIZES)
def test_an_alert_that_fires_is_on_its_screen_and_on_the_overview(
    alarmed: Monitor, open_window: Open, size: str
) -> None:
    window = open_window(alarmed, size=size)
    window.requests_may_fail = True
    expect(window.page.get_by_text(f"1 alert fires: {SUMMARY}.")).to_be_visible()
    window.page.get_by_role("link", name=SUMMARY).click()
    row = window.page.get_by_role("row", name=SUMMARY)
    expect(row).to_contain_text("critical")
    expect(row).to_contain_text("No task is sent or run.")
    window.check(f"alerts {size}")


def test_an_alert_is_silenced_and_the_silence_ended(alarmed: Monitor, open_window: Open) -> None:
    window = open_window(alarmed, "/monitoring/alerts", role=Role.OPERATOR)
    window.requests_may_fail = True
    page, dialog = window.page, window.page.get_by_role("dialog")
    page.get_by_role("button", name=f"Silence {SUMMARY} ...").click()
    dialog.get_by_label("For how many hours").fill("2")
    dialog.get_by_label("Why").fill("the broker is being moved")
    window.check("silence an alert")
    dialog.get_by_role("button", name="Silence", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row", name=SUMMARY)).to_contain_text("silenced until")
    silence = page.get_by_role("row", name="alertname=CeleryBrokerUnreachable")
    expect(silence).to_contain_text("the broker is being moved")
    window.check("a silenced alert")
    silence.get_by_role("button", name="End").click()
    dialog.get_by_role("button", name="End silence").click()
    expect(page.get_by_text("Nothing is silenced.")).to_be_visible()
    expect(page.get_by_role("row", name=SUMMARY)).not_to_contain_text("silenced")


def test_a_viewer_sees_alerts_and_changes_nothing(alarmed: Monitor, open_window: Open) -> None:
    window = open_window(alarmed, "/monitoring/alerts", role=Role.VIEWER)
    window.requests_may_fail = True
    expect(window.page.get_by_role("row", name=SUMMARY)).to_be_visible()
    expect(window.page.get_by_role("button", name="Silence")).to_have_count(0)


def test_a_channel_is_tested_and_the_page_says_whether_the_message_arrived(
    home: Path, tmp_path: Path, open_window: Open
) -> None:
    options = ("--broker", BROKER, "--token-file", str(home / "tokens"), "--alert-networks", "127.0.0.1")
    with receiver() as hook:
        variables = {"CELERY_MONITOR_ALERT_WEBHOOK_URL": hook.url}
        with monitor(tmp_path, *options, variables=variables) as running:
            window = open_window(running, "/monitoring/alerts")
            window.requests_may_fail = True
            page, dialog = window.page, window.page.get_by_role("dialog")
            page.get_by_role("button", name="Test webhook ...").click()
            dialog.get_by_role("button", name="Send test").click()
            expect(dialog.get_by_role("status")).to_contain_text("arrived")
            assert len(hook.received) == 1
            window.check("a channel that works")
            hook.status = HTTPStatus.FORBIDDEN
            dialog.get_by_role("button", name="Send test").click()
            expect(dialog.get_by_role("status")).to_contain_text("failed")
            expect(dialog.get_by_role("status")).to_contain_text("403 Forbidden")
            assert len(hook.received) == 2
            expect(dialog.get_by_role("status")).to_contain_text("correct the secret in its header or URL")
            window.check("a channel that fails")
            dialog.get_by_role("button", name="Close").click()
            expect(dialog).to_be_hidden()


def test_only_an_admin_tests_a_channel(home: Path, tmp_path: Path, open_window: Open) -> None:
    options = ("--broker", BROKER, "--token-file", str(home / "tokens"))
    variables = {"CELERY_MONITOR_ALERT_WEBHOOK_URL": "https://hooks.example/1"}
    with monitor(tmp_path, *options, variables=variables) as running:
        window = open_window(running, "/monitoring/alerts", role=Role.OPERATOR)
        window.requests_may_fail = True
        expect(window.page.get_by_role("row", name="webhook")).to_be_visible()
        expect(window.page.get_by_role("button", name="Test webhook")).to_have_count(0)
