"""Texts of an application that try to be more than texts stay inert and readable, wherever they are shown."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from celery import Celery
from playwright.sync_api import expect
from tools.testbed.waiting import wait_for

from tests.integration.monitor.monitor_process import Monitor, monitor
from tests.integration.monitor.page.browser import SIZES
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import SECONDS, Shop

MEGABYTE = 1_000_000
# Each begins with what it shows on the page.
TEXTS = {
    "markup": "<img src=x onerror=alert(1)><script>alert(2)</script>\"'><h1>owned</h1>",
    "handlers": 'javascript:alert(3)//" autofocus onfocus=alert(4) {{7*7}} ${7*7} <svg/onload=alert(5)>',
    "direction": "shop.\u202etxt.exe\u2066\u200f\u05d0\u05d1 \u0627\u0644\u0633\u0644\u0627\u0645",
    "control": "shop.\x07\x1b[31mred\x1b[0m\u0085\u2028\u2029\ufeff",
    # No queue of RabbitMQ and no path of the API has a longer name.
    "wide": "W" * 250,
    "stacked": "shop." + "Z\u0351\u036b\u0343" * 60,
}
SHOWN = {
    "markup": "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "handlers": "javascript:alert(3)//",
    "direction": "shop.[U+202E]txt.exe[U+2066][U+200F]",
    "control": "shop.[U+0007][U+001B][31mred[U+001B][0m[U+0085][U+2028][U+2029][U+FEFF]",
    "wide": "W" * 80,
    "stacked": "shop.Z",
}


@pytest.fixture(scope="module")
def hostile(home: Path, empty_shop: Shop) -> Iterator[Monitor]:
    """A monitor that was sent all of that by a broker."""
    broker = empty_shop.redis.database(9)
    options = ("--broker", broker, "--token-file", str(home / "tokens"))
    with monitor(home / "hostile", *options) as running:
        wait_for(lambda: running.request("/readyz", None)[0] == 200, SECONDS, running.text)
        app = Celery("hostile", broker=broker, set_as_current=False)
        for kind, text in TEXTS.items():
            _send(app, kind, text)
        _send_long(app)
        app.close()
        tasks = {*TEXTS, "long-failed", "long-succeeded", "zero"}
        ended = {"SUCCESS", "FAILURE"}
        wait_for(
            lambda: all((running.task(one) or {}).get("state") in ended for one in tasks),
            SECONDS,
            running.text,
        )
        yield running


def _send(app: Celery, kind: str, text: str) -> None:
    with app.connection_for_write() as connection, app.events.Dispatcher(connection, text) as events:
        events.send("worker-online", freq=2.0, active=1, processed=1, sw_ident=text, sw_ver=text[:100])
        events.send(
            "task-sent", uuid=kind, name=text, args=text, kwargs=text, queue=text[:200], exchange=text
        )
        events.send("task-received", uuid=kind, name=text, args=text, kwargs=text)
        events.send("task-started", uuid=kind)
        trace = f'Traceback ...\n  File "{text}", line 1, in {text}\n{text}: {text}'
        events.send("task-failed", uuid=kind, exception=f"{text}({text})", traceback=trace)


def _send_long(app: Celery) -> None:
    """Texts of a megabyte, and with zero bytes."""
    long = "<b>long</b> " * (MEGABYTE // 12)
    with app.connection_for_write() as connection, app.events.Dispatcher(connection, "w@host") as events:
        for identity, name, args in (
            ("long-failed", "shop.tasks.long_failed", long),
            ("long-succeeded", "shop.tasks.long_succeeded", "\u202e" * MEGABYTE),
            ("zero", "shop.tasks.zero", "a\x00b" * 100),
        ):
            events.send("task-received", uuid=identity, name=name, args=args, kwargs="{}")
            events.send("task-started", uuid=identity)
        events.send("task-failed", uuid="long-failed", exception=long, traceback=long)
        events.send("task-succeeded", uuid="long-succeeded", result=long, runtime=1.0)
        events.send("task-failed", uuid="zero", exception="a\x00b", traceback="a\x00b")


INJECTED = "main :is(img, script, iframe, object, embed, svg[onload], [onerror], [onfocus], [autofocus])"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", ["", "/tasks", "/failures", "/workers"])
def test_hostile_texts_are_inert_in_lists(
    hostile: Monitor, open_window: Open, screen: str, size: str
) -> None:
    window = open_window(hostile, f"/monitoring{screen}", size=size)
    window.wait_until_settled()
    expect(window.page.locator("main").get_by_text(SHOWN["markup"][:30]).first).to_be_visible()
    assert window.page.locator(INJECTED).count() == 0
    assert window.page.locator("h1").count() == 1
    window.check(f"hostile{screen.replace('/', ' ')} {size}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", TEXTS)
def test_hostile_texts_are_inert_and_readable_on_their_own_page(
    hostile: Monitor, open_window: Open, kind: str, size: str
) -> None:
    window = open_window(hostile, f"/monitoring/tasks/{kind}", size=size)
    page = window.page
    name = quote(TEXTS[kind], safe="")
    # No queue has such a name.
    window.requests_may_fail = True
    for path in (f"tasks/{kind}", f"workers/{name}", f"queues/{name}"):
        page.goto(f"/monitoring/{path}")
        window.wait_until_settled()
        expect(page.get_by_role("heading", level=1)).to_contain_text(SHOWN[kind])
        assert page.locator(INJECTED).count() == 0
        window.check(f"hostile {path.partition('/')[0]} {kind} {size}")


@pytest.mark.parametrize("size", SIZES)
def test_texts_of_a_megabyte_and_zero_bytes_leave_the_rest_readable(
    hostile: Monitor, open_window: Open, size: str
) -> None:
    window = open_window(hostile, "/monitoring/tasks/zero", size=size)
    page = window.page
    for identity, name in {
        "zero": "shop.tasks.zero",
        "long-failed": "shop.tasks.long_failed",
        "long-succeeded": "shop.tasks.long_succeeded",
    }.items():
        page.goto(f"/monitoring/tasks/{quote(identity)}")
        window.wait_until_settled()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        assert len(page.content()) < 100_000
        window.check(f"hostile {identity} {size}")
