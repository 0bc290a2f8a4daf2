"""Orders to workers, and tasks that are sent from the page, each from the click to what the worker did."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from celery import Celery
from playwright.sync_api import Locator, Page, expect
from redis import Redis
from tools.testbed.waiting import wait_for

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import API, Monitor, worker
from tests.integration.monitor.page.browser import SIZES
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import LEFT, SECONDS, Shop, wait_for_state, wait_until_ready

NAME = "orders@web-1"
WORKER = f"/monitoring/workers/{quote(NAME)}"
ORDERS = ("Pool ...", "Queues ...", "Rate limit ...", "Time limit ...")
ALLOWED = ("shop.tasks.build_report", "shop.tasks.place_order")
PATIENT = """
from celery_monitor.__main__ import main
from celery_monitor.remote_control import remote_control

remote_control.ANSWER_SECONDS = 10.0
main()
"""
"""The monitor. Its dialogs show what the worker answers, also where a busy machine holds up the worker."""


@dataclass
class Ordered:
    """A worker of its own broker, and its monitor. ``app`` asks the worker itself."""

    monitor: Monitor
    app: Celery
    redis: Redis

    def answer(self, command: str) -> Any:
        """What the worker says of itself."""
        answers = self.app.control.broadcast(
            command, destination=[NAME], reply=True, timeout=SECONDS, limit=1
        )
        return answers[0][NAME]

    def processes(self) -> int:
        return len(self.answer("stats")["pool"]["processes"])

    def queues(self) -> set[str]:
        return {queue["name"] for queue in self.answer("active_queues")}

    def cut_off(self) -> None:
        """End all connections to the broker. Everyone connects again."""
        own = str(self.redis.connection_pool.connection_kwargs["db"])
        clients: Any = self.redis.client_list()
        for client in clients:
            if client["db"] == own:
                self.redis.client_kill_filter(_id=client["id"])

    def send(self, name: str, *args: Any, queue: str) -> str:
        return str(self.app.send_task(f"shop.tasks.{name}", args=args, queue=queue).id)


@pytest.fixture(scope="module")
def ordered(home: Path, empty_shop: Shop) -> Iterator[Ordered]:
    variables = {
        "CELERY_BROKER_URL": empty_shop.redis.database(11),
        "CELERY_RESULT_BACKEND": empty_shop.redis.database(12),
    }
    options = ["-A", "shop.celery", "--token-file", str(home / "tokens")]
    options += [option for name in ALLOWED for option in ("--submit-task", name)]
    pool = ("-Q", "default,orders", "-n", NAME, "-E", "-P", "prefork", "-c", "2")
    app = Celery("asking", broker=variables["CELERY_BROKER_URL"], set_as_current=False)
    app.conf.task_send_sent_event = True
    running = Monitor(home / "ordered", options, variables)
    running.command[1:3] = ["-c", PATIENT]
    with worker(home / "ordered-worker", variables, *pool), ExitStack() as ends:
        ends.callback(running.kill)
        running.start()
        wait_until_ready(running)
        yield Ordered(running, app, Redis.from_url(variables["CELERY_BROKER_URL"]))
    app.close()


def order(page: Page, button: str) -> Locator:
    """Press a button of the worker; returns its dialog."""
    page.get_by_role("button", name=button).click()
    return page.get_by_role("dialog")


def answered(dialog: Locator, result: str, text: str) -> None:
    """Wait until the worker has answered, and close the dialog."""
    expect(dialog.get_by_role("status")).to_contain_text(result)
    expect(dialog.get_by_role("status")).to_contain_text(text)
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_be_hidden()


def test_the_pool_of_a_worker_grows_and_shrinks(ordered: Ordered, open_window: Open) -> None:
    window = open_window(ordered.monitor, WORKER, role=Role.OPERATOR)
    page = window.page
    size = page.get_by_role("region", name="Worker", exact=True)
    expect(size).to_contain_text("prefork, 2 slots")
    dialog = order(page, "Pool ...")
    expect(dialog).to_contain_text("The pool has 2 slots.")
    window.check("pool dialog")
    dialog.get_by_label("Number").fill("2")
    dialog.get_by_role("button", name="Change pool").click()
    answered(dialog, "done", "pool will grow")
    wait_for(lambda: ordered.processes() == 4, SECONDS, ordered.processes)
    expect(size).to_contain_text("prefork, 4 slots")
    dialog = order(page, "Pool ...")
    dialog.get_by_label("Change").select_option("Remove slots")
    dialog.get_by_label("Number").fill("4")
    window.requests_may_fail = True
    dialog.get_by_role("button", name="Change pool").click()
    expect(dialog.get_by_role("alert")).to_contain_text("would have none left")
    dialog.get_by_label("Number").fill("3")
    dialog.get_by_role("button", name="Change pool").click()
    answered(dialog, "done", "pool will shrink")
    wait_for(lambda: ordered.processes() == 1, SECONDS, ordered.processes)
    expect(size).to_contain_text("prefork, 1 slot")


def test_a_worker_consumes_another_queue_and_then_no_longer(ordered: Ordered, open_window: Open) -> None:
    window = open_window(ordered.monitor, WORKER, role=Role.OPERATOR, size="phone")
    page = window.page
    queues = page.get_by_role("region", name="Worker", exact=True).get_by_role("link", name="letters")
    waiting = ordered.send("place_order", 1, queue="letters")
    wait_for_state(ordered.monitor, waiting, "PENDING")
    dialog = order(page, "Queues ...")
    dialog.locator("[name=queue]").fill("letters")
    window.check("queues dialog phone")
    dialog.get_by_role("button", name="Change queues").click()
    answered(dialog, "done", "letters")
    wait_for_state(ordered.monitor, waiting, "SUCCESS")
    assert ordered.queues() == {"default", "orders", "letters"}
    expect(queues).to_be_visible()
    dialog = order(page, "Queues ...")
    dialog.get_by_label("Change").select_option("Stop consuming a queue")
    dialog.locator("[name=queue]").select_option("letters")
    window.check("queues dialog to stop phone")
    dialog.get_by_role("button", name="Change queues").click()
    answered(dialog, "done", "letters")
    wait_for(lambda: ordered.queues() == {"default", "orders"}, SECONDS, ordered.queues)
    expect(queues).to_have_count(0)


def test_a_rate_limit_is_set_and_a_worker_that_refuses_it_says_why(
    ordered: Ordered, open_window: Open
) -> None:
    window = open_window(ordered.monitor, WORKER, role=Role.OPERATOR)
    page = window.page
    expect(page.get_by_role("region", name="Worker", exact=True)).to_contain_text("prefork")
    for task, result, text in (
        ("shop.tasks.clean_up", "done", "new rate limit set successfully"),
        ("shop.tasks.unknown", "refused", "unknown task"),
    ):
        dialog = order(page, "Rate limit ...")
        dialog.locator("[name=task]").fill(task)
        dialog.get_by_label("Starts of this task on each worker").fill("10/m")
        window.check("rate limit dialog")
        dialog.get_by_role("button", name="Set rate limit").click()
        expect(dialog.get_by_role("status")).to_be_visible()
        window.check(f"rate limit {result}")
        answered(dialog, result, text)
    assert "shop.tasks.clean_up [rate_limit=10/m]" in ordered.answer("registered")


def test_a_time_limit_holds_once_the_worker_has_connected_again_and_is_in_the_audit(
    ordered: Ordered, open_window: Open
) -> None:
    window = open_window(ordered.monitor, WORKER, role=Role.OPERATOR)
    page = window.page
    dialog = order(page, "Time limit ...")
    dialog.locator("[name=task]").fill("shop.tasks.build_report")
    dialog.get_by_label("Workers").select_option("All workers that are online")
    dialog.get_by_label("Soft limit, in seconds").fill("0.5")
    expect(dialog).to_contain_text("only once the worker has connected to the broker again")
    window.check("time limit dialog")
    dialog.get_by_role("button", name="Set time limit").click()
    answered(dialog, "done", "time limits set successfully")
    ordered.cut_off()
    late = ordered.send("build_report", 3600, queue="orders")
    wait_for_state(ordered.monitor, late, "FAILURE")
    assert "SoftTimeLimitExceeded" in (ordered.monitor.task(late) or {})["exception"]
    admin = open_window(ordered.monitor, "/monitoring/audit")
    entry = admin.page.get_by_role("row").filter(has_text="set time limit").first
    expect(entry).to_contain_text("the-operator")
    expect(entry).to_contain_text("soft 0.5")


def test_an_offline_worker_takes_no_order(on_sqlite: Monitor, shop: Shop, open_window: Open) -> None:
    page = open_window(on_sqlite, f"/monitoring/workers/{quote(LEFT)}").page
    for name in ORDERS:
        expect(page.get_by_role("button", name=name)).to_be_disabled()


@pytest.mark.parametrize("size", SIZES)
def test_a_task_is_sent_from_the_page(ordered: Ordered, open_window: Open, size: str) -> None:
    window = open_window(ordered.monitor, "/monitoring/tasks", role=Role.OPERATOR, size=size)
    page = window.page
    dialog = order(page, "Send task ...")
    task = dialog.locator("[name=task]")
    assert tuple(task.locator("option").all_inner_texts()) == ALLOWED
    task.select_option("shop.tasks.place_order")
    arguments = dialog.get_by_label("Arguments, as a JSON list", exact=True)
    for wrong, problem in (("[7", "are not JSON: write a JSON list"), ('{"a": 7}', "are not a JSON list")):
        arguments.fill(wrong)
        dialog.get_by_role("button", name="Send task").click()
        expect(dialog.get_by_role("alert")).to_contain_text(problem)
    window.check(f"send dialog {size}")
    arguments.fill("[7]")
    dialog.get_by_role("button", name="Send task").click()
    expect(page.locator(".page-title .badge")).to_have_text("succeeded")
    expect(page.get_by_text("order 7 placed")).to_be_visible()
    window.check(f"task sent {size}")


def test_a_task_is_sent_to_a_queue_and_waits_for_its_time(ordered: Ordered, open_window: Open) -> None:
    page = open_window(ordered.monitor, "/monitoring/tasks", role=Role.OPERATOR).page
    dialog = order(page, "Send task ...")
    dialog.locator("[name=task]").select_option("shop.tasks.build_report")
    dialog.get_by_label("Keyword arguments, as a JSON object").fill('{"seconds": 0}')
    dialog.get_by_label("Queue").fill("parked")
    dialog.get_by_label("Seconds until its start").fill("3600")
    dialog.get_by_label("Priority").fill("3")
    dialog.get_by_role("button", name="Send task").click()
    message = page.get_by_role("region", name="Message")
    for text in ("parked", "not before"):
        expect(message).to_contain_text(text)
    path = f"{API}/queues/parked/messages"
    wait_for(lambda: ordered.monitor.request(path)[0] == 200, SECONDS, ordered.monitor.text)
    [waiting] = ordered.monitor.request(path)[1]["messages"]
    assert (waiting["name"], waiting["priority"]) == ("shop.tasks.build_report", 3)
    assert waiting["kwargs"] == "{'seconds': 0}"


def test_a_viewer_neither_orders_nor_sends(ordered: Ordered, open_window: Open) -> None:
    window = open_window(ordered.monitor, WORKER, role=Role.VIEWER)
    window.wait_until_settled()
    expect(window.page.get_by_role("region", name="Worker", exact=True)).to_be_visible()
    for name in ORDERS:
        expect(window.page.get_by_role("button", name=name)).to_have_count(0)
    window.page.goto("/monitoring/tasks")
    window.wait_until_settled()
    expect(window.page.get_by_role("button", name="Send task ...")).to_have_count(0)


def test_where_nothing_is_allowed_there_is_no_button_that_sends(
    on_sqlite: Monitor, shop: Shop, open_window: Open
) -> None:
    window = open_window(on_sqlite)
    window.wait_until_settled()
    with window.page.expect_response("**/tasks/allowed") as found:
        window.page.goto("/monitoring/tasks")
    assert found.value.json() == {"tasks": []}
    window.wait_until_settled()
    expect(window.page.get_by_role("button", name="Send task ...")).to_have_count(0)
