"""Since when tasks fail, on which rollout or worker, and how only its failures are retried."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from celery import Celery
from playwright.sync_api import Locator, Page, expect
from tools.testbed.waiting import wait_for

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor, monitor, worker
from tests.integration.monitor.operator_side import PUSH_TOKEN, operating
from tests.integration.monitor.page.browser import SIZES
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import SECONDS, WORKER, Shop, wait_for_state
from tests.integration.monitor.page.test_keyboard import tab_to
from tests.unit.wire.documents import push_document, pushed_pod

ERROR = "PaymentRefusedError"
OLD, NEW = "shop-mail-5d4f", "shop-mail-6c7b"
"""Names of ReplicaSets."""


def hostname(rollout: str) -> str:
    return f"mail@{rollout}-x1"


def resource(now: float) -> dict[str, Any]:
    """A group with a pod of each rollout. The new one is 5 minutes old."""

    def pod(rollout: str, age: float) -> dict[str, Any]:
        one = pushed_pod()
        changed = one["worker"] | {"hostname": hostname(rollout), "active": [], "active_count": 0}
        return one | {"name": f"{rollout}-x1", "created_at": now - age, "worker": changed}

    return push_document(taken_at=now, pods=[pod(OLD, 7200), pod(NEW, 300)], pod_count=2)


@pytest.fixture(scope="module")
def in_rollout(home: Path, empty_shop: Shop) -> Iterator[tuple[Monitor, dict[str, list[str]]]]:
    """A monitor of two rollouts, and the ids of the tasks that failed on each: more on the new one."""
    variables = {
        "CELERY_BROKER_URL": empty_shop.redis.database(13),
        "CELERY_RESULT_BACKEND": empty_shop.redis.database(14),
    }
    options = ("-A", "shop.celery", "--token-file", str(home / "tokens"), "--push-token", PUSH_TOKEN)
    app = Celery("sender", broker=variables["CELERY_BROKER_URL"], set_as_current=False)
    app.conf.task_send_sent_event = True
    with ExitStack() as stack:
        running = stack.enter_context(monitor(home / "rollout", *options, variables=variables))
        wait_for(lambda: running.request("/readyz", None)[0] == 200, SECONDS, running.text)
        for rollout in (OLD, NEW):
            own = ("-Q", rollout, "-n", hostname(rollout), "-E", "-P", "solo")
            stack.enter_context(worker(home / rollout, variables, *own))
        stack.enter_context(operating(running, resource(time.time())))
        failed = {
            rollout: [
                str(app.send_task("shop.tasks.charge_card", args=[one], queue=rollout).id)
                for one in range(number)
            ]
            for rollout, number in ((OLD, 2), (NEW, 3))
        }
        for identity in [*failed[OLD], *failed[NEW]]:
            wait_for_state(running, identity, "FAILURE")
        yield running, failed
    app.close()


def press(page: Page, size: str, target: Locator) -> None:
    """With a finger on a phone, and with the keyboard alone on a desktop."""
    if size == "phone":
        target.tap()
    else:
        tab_to(page, target)
        page.keyboard.press("Enter")


def opened(page: Page) -> Locator:
    """Open the onset of the error; returns its table."""
    page.get_by_role("button", name=f"Since when, and where: {ERROR}").click()
    return page.locator(".onset table.cards")


@pytest.mark.parametrize("size", SIZES)
def test_only_the_failures_of_a_rollout_are_retried(
    in_rollout: tuple[Monitor, dict[str, list[str]]], open_window: Open, size: str
) -> None:
    running, failed = in_rollout
    rollout, others = (NEW, OLD) if size == "desktop" else (OLD, NEW)
    number = len(failed[rollout])
    before = {one: retries(running, one) for one in failed[others]}
    window = open_window(running, "/monitoring", role=Role.OPERATOR, size=size)
    page = window.page
    window.wait_until_settled()
    press(page, size, page.get_by_role("region", name="Open failures").get_by_role("link", name=ERROR))
    expect(page.get_by_role("button", name=f"Since when, and where: {ERROR}")).to_be_focused()
    row = page.locator(".onset table.cards").get_by_role("row", name=rollout)
    expect(row).to_contain_text(f"{rollout}{'newest ' if rollout == NEW else ''}rollout of group mail")
    expect(page.locator(".onset")).to_contain_text("The first of them in the history failed")
    expect(page.locator(".onset")).to_contain_text("and 0 in the same time before")
    window.check(f"onset by rollout {size}")
    press(page, size, row.get_by_role("link", name="Failed tasks"))
    expect(page).to_have_url(re.compile(re.escape(quote(f"worker:*@{rollout}-*", safe="*-"))))
    expect(page.locator(".grid-body .badge", has_text="failed")).to_have_count(number)
    press(page, size, page.get_by_role("button", name="Retry all ..."))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{number} of {number} tasks that the filter finds will be retried.")
    window.check(f"retry of a rollout {size}")
    press(page, size, dialog.get_by_role("button", name=f"Retry {number} tasks"))
    expect(dialog).to_contain_text(f"{number} of {number} tasks retried.")
    counted = dialog.get_by_role("link", name="Failures")
    expect(counted).to_have_attribute("href", "/monitoring/failures?all=yes")
    assert [retries(running, one) for one in failed[rollout]] == [1] * number
    assert {one: retries(running, one) for one in failed[others]} == before


def test_the_rollout_stays_one_place_after_it_was_rolled_back(
    in_rollout: tuple[Monitor, dict[str, list[str]]], open_window: Open
) -> None:
    """A bad version is rolled back before its failures are retried: then it has no pods."""
    running, _ = in_rollout
    window = open_window(running, "/monitoring/failures")
    page = window.page
    row = opened(page).get_by_role("row", name=NEW)
    expect(row).to_contain_text(f"{NEW}newest rollout of group mail")
    with operating(running, resource(time.time()) | {"pods": []}):
        expect(row).to_contain_text(f"{NEW}former rollout of group mail")
        row.get_by_role("link", name="Failed tasks").click()
    expect(page).to_have_url(re.compile(re.escape(quote(f"worker:*@{NEW}-*", safe="*-"))))


def retries(running: Monitor, identity: str) -> int:
    return len((running.task(identity) or {})["retried_as"])


@pytest.mark.parametrize("size", SIZES)
def test_without_a_cluster_the_onset_names_workers_and_their_start(
    on_sqlite: Monitor, shop: Shop, open_window: Open, size: str
) -> None:
    window = open_window(on_sqlite, "/monitoring/failures", size=size)
    page = window.page
    window.wait_until_settled()
    row = opened(page).get_by_role("row", name=WORKER)
    expect(page.locator(".onset")).to_contain_text("Only one worker has it.")
    expect(page.locator(".onset")).to_contain_text("The history begins")
    window.check(f"onset by worker {size}")
    row.get_by_role("link", name="Failed tasks").click()
    field = page.get_by_role("combobox")
    for part in ("state:failure", f"error:{ERROR}", f"worker:{WORKER}", 'ended:"20'):
        expect(field).to_have_value(re.compile(re.escape(part)))
    expect(page.locator("[data-row-link]").first).to_have_text("shop.tasks.charge_card")


def test_failures_before_a_restart_of_their_worker_are_found(
    home: Path, empty_shop: Shop, open_window: Open
) -> None:
    """A corrected version is deployed before the failures of the bad one are retried."""
    name = "fixed@web-1"
    variables = {
        "CELERY_BROKER_URL": empty_shop.redis.database(5),
        "CELERY_RESULT_BACKEND": empty_shop.redis.database(6),
    }
    own = ("-Q", "fixed", "-n", name, "-E", "-P", "solo")
    options = ("-A", "shop.celery", "--token-file", str(home / "tokens"))
    with ExitStack() as stack:
        running = stack.enter_context(monitor(home / "fixed", *options, variables=variables))
        wait_for(lambda: running.request("/readyz", None)[0] == 200, SECONDS, running.text)
        app = stack.enter_context(Celery("sender", broker=variables["CELERY_BROKER_URL"]))

        def online() -> int | None:
            """The process of the worker."""
            known = {one["name"]: one for one in running.get("/workers")["workers"]}
            return known[name]["pid"] if name in known and known[name]["online"] else None

        with worker(home / "fixed-before", variables, *own):
            failed = [app.send_task("shop.tasks.charge_card", args=[one], queue="fixed").id for one in (1, 2)]
            for identity in failed:
                wait_for_state(running, str(identity), "FAILURE")
            before = wait_for(online, SECONDS, running.text)
        stack.enter_context(worker(home / "fixed-after", variables, *own))
        wait_for(lambda: online() not in {None, before}, SECONDS, running.text)
        page = open_window(running, "/monitoring/failures").page
        row = opened(page).get_by_role("row", name=name)
        expect(row).to_contain_text("after these failures")
        row.get_by_role("link", name="Failed tasks").click()
        expect(page.locator("[data-row-link]")).to_have_count(2)
