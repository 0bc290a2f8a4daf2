"""The screen Deployments and its buttons. The test plays the operator: it pushes, and answers requests."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from celery_monitor.settings import Role
from tests.integration.monitor.monitor_process import Monitor, monitor
from tests.integration.monitor.operator_side import PUSH_TOKEN, OperatorSide, operating
from tests.integration.monitor.page.browser import SIZES
from tests.integration.monitor.page.conftest import Open
from tests.integration.monitor.page.shop import Shop
from tests.unit.wire.documents import push_document, pushed_pod

SCREEN = "/monitoring/deployments"
UNSCHEDULED = "0/3 nodes are available: 3 Insufficient memory."


@pytest.fixture(scope="module")
def in_cluster(home: Path, empty_shop: Shop) -> Iterator[Monitor]:
    """A monitor that takes pushes."""
    options = ("--broker", empty_shop.redis.database(10), "--token-file", str(home / "tokens"))
    with monitor(home / "cluster", *options, "--push-token", PUSH_TOKEN) as running:
        yield running


@pytest.fixture
def operator(in_cluster: Monitor) -> Iterator[OperatorSide]:
    with operating(in_cluster, resource(time.time())) as started:
        yield started


def resource(now: float) -> dict[str, Any]:
    """A resource of which one group is healthy, and the other one waits for memory."""
    healthy = pushed_pod() | {"created_at": now - 7200}
    waiting = {
        "name": "shop-media-1",
        "group": "media",
        "phase": "Pending",
        "state": "unscheduled",
        "created_at": now - 90,
        "scheduled": False,
        "ready": False,
        "deleting": False,
        "restarts": 0,
        "failure": UNSCHEDULED,
    }
    conditions = [
        ("Ready", "False", "GroupNotReady", "0 of 1 workers of group media are consuming.", now - 80),
        ("Reconciling", "True", "Progressing", "Group media waits for 1 pod.", now - 90),
        ("Stalled", "False", "NoProblem", "Nothing keeps the operator from reconciling.", now - 7200),
    ]
    events = [
        (now - 95, "Normal", "Scaled", "Group media: 1 pod, because 40 messages are ready."),
        (now - 80, "Warning", "PodUnschedulable", f"Pod shop-media-1: {UNSCHEDULED}"),
    ]
    group = push_document()["groups"][0]
    media = {
        "name": "media",
        "queues": ["media", "thumbnails"],
        "ready": 0,
        "consuming": 0,
        "autoscaled": True,
        "scaling": "1 pod: 40 messages are ready for 4 slots.",
        "scaled_at": now - 95,
    }
    return push_document(
        taken_at=now,
        health="Degraded",
        message="0 of 1 workers of group media are consuming.",
        conditions=[
            dict(zip(("type", "status", "reason", "message", "since_at"), one, strict=True))
            for one in conditions
        ],
        groups=[group, {**group, **media}],
        pods=[waiting, healthy],
        pod_count=2,
        events=[dict(zip(("posted_at", "type", "reason", "message"), one, strict=True)) for one in events],
    )


def press(page: Page, name: str) -> Locator:
    """Press a button of a group; returns its dialog."""
    page.get_by_role("button", name=name, exact=True).click()
    return page.get_by_role("dialog")


def newest_request(page: Page) -> Locator:
    return page.get_by_role("region", name="Requests").get_by_role("listitem").first


@pytest.mark.parametrize("size", SIZES)
def test_the_screen_shows_conditions_groups_pods_and_events(
    in_cluster: Monitor, operator: OperatorSide, open_window: Open, size: str
) -> None:
    window = open_window(in_cluster, SCREEN, size=size)
    page = window.page
    window.wait_until_settled()
    groups = page.get_by_role("region", name="Worker groups")
    expect(groups.get_by_role("row", name="mail")).to_contain_text("consuming")
    media = groups.get_by_role("row", name="media")
    for text in ("not consuming", "thumbnails", "autoscaling", "1 pod: 40 messages are ready for 4 slots."):
        expect(media).to_contain_text(text)
    expect(page.get_by_role("region", name="Conditions").get_by_role("row", name="Ready")).to_contain_text(
        "0 of 1 workers of group media are consuming."
    )
    # The newest Event is the first.
    expect(page.get_by_role("list", name="Events").get_by_role("listitem").first).to_contain_text(UNSCHEDULED)
    pods = page.get_by_role("region", name="Pods")
    expect(pods.get_by_role("row", name="shop-media-1")).to_contain_text("unscheduled")
    expect(pods.get_by_role("link", name="shop-mail-1")).to_have_attribute(
        "href", "/monitoring/workers/mail%40shop-mail-1"
    )
    window.check(f"deployments {size}")


@pytest.mark.parametrize("size", SIZES)
def test_healing_of_a_group_is_paused_and_resumed(
    in_cluster: Monitor, operator: OperatorSide, open_window: Open, size: str
) -> None:
    window = open_window(in_cluster, SCREEN, role=Role.OPERATOR, size=size)
    page = window.page
    group = page.get_by_role("region", name="Worker groups").get_by_role("row", name="mail")
    dialog = press(page, "Pause healing of group mail")
    expect(dialog).to_contain_text("No worker of the group is restarted because of its health")
    window.check(f"pause dialog {size}")
    dialog.get_by_role("button", name="Pause healing").click()
    expect(newest_request(page)).to_contain_text("waiting pause mail by the-operator")
    window.check(f"pause requested {size}")
    assert operator.carry_out(done=True, message="Healing of group mail is paused.")["action"] == "pause"
    operator.group("mail", healing_paused=True)
    expect(newest_request(page)).to_contain_text("done pause mail")
    expect(newest_request(page)).to_contain_text("Healing of group mail is paused.")
    expect(group).to_contain_text("healing paused")
    window.check(f"deployments paused {size}")
    press(page, "Resume healing of group mail").get_by_role("button", name="Resume healing").click()
    assert operator.carry_out(done=True, message="Healing goes on.")["action"] == "resume"
    operator.group("mail", healing_paused=False)
    expect(newest_request(page)).to_contain_text("done resume mail")
    expect(group).not_to_contain_text("healing paused")


@pytest.mark.parametrize("size", SIZES)
def test_a_group_is_restarted(
    in_cluster: Monitor, operator: OperatorSide, open_window: Open, size: str
) -> None:
    window = open_window(in_cluster, SCREEN, role=Role.OPERATOR, size=size)
    page = window.page
    dialog = press(page, "Restart group mail")
    expect(dialog).to_contain_text("1 pod will be replaced.")
    window.check(f"restart dialog {size}")
    dialog.get_by_role("button", name="Restart").click()
    request = operator.carry_out(done=True, message="A rollout of group mail has begun.")
    assert (request["action"], request["group"]) == ("restart", "mail")
    expect(newest_request(page)).to_contain_text("done restart mail")
    expect(newest_request(page)).to_contain_text("A rollout of group mail has begun.")


@pytest.mark.parametrize("size", SIZES)
def test_a_group_is_scaled_and_a_refusal_is_shown(
    in_cluster: Monitor, operator: OperatorSide, open_window: Open, size: str
) -> None:
    window = open_window(in_cluster, SCREEN, role=Role.OPERATOR, size=size)
    page = window.page
    group = page.get_by_role("region", name="Worker groups").get_by_role("row", name="mail")
    dialog = press(page, "Scale group mail")
    expect(dialog.get_by_label("Number of pods")).to_have_value("1")
    dialog.get_by_label("Number of pods").fill("3")
    window.check(f"scale dialog {size}")
    dialog.get_by_label("Number of pods").press("Enter")
    assert operator.carry_out(done=True, message="Group mail has 3 pods.")["replicas"] == 3
    operator.group("mail", desired=3, replicas=3)
    expect(newest_request(page)).to_contain_text("done scale mail to 3")
    expect(group).to_contain_text("partly")
    dialog = press(page, "Scale group mail")
    dialog.get_by_label("Number of pods").fill("0")
    dialog.get_by_role("button", name="Scale").click()
    operator.carry_out(done=False, message="The webhook refused it: at least 1 pod is needed.")
    expect(newest_request(page)).to_contain_text("refused scale mail to 0")
    expect(newest_request(page)).to_contain_text("The webhook refused it: at least 1 pod is needed.")
    window.check(f"scale refused {size}")
    scale = page.get_by_role("button", name="Scale group media")
    expect(scale).to_be_disabled()
    expect(scale).to_have_attribute("title", re.compile("change minReplicas and maxReplicas"))


def test_a_viewer_acts_on_no_group(in_cluster: Monitor, operator: OperatorSide, open_window: Open) -> None:
    window = open_window(in_cluster, SCREEN, role=Role.VIEWER)
    expect(window.page.get_by_text("you need the role operator")).to_be_visible()
    expect(window.page.locator("main").get_by_role("button", name="group mail")).to_have_count(0)
    window.check("deployments of a viewer")


def test_a_silent_operator_is_named_and_asked_for_nothing(
    in_cluster: Monitor, operator: OperatorSide, open_window: Open
) -> None:
    window = open_window(in_cluster, SCREEN)
    page = window.page
    restart = page.get_by_role("button", name="Restart group mail")
    expect(restart).to_be_enabled()
    # The monitor itself says so after a minute. Here it says so at once.
    page.route_web_socket(re.compile("/monitoring/ws"), as_stale)
    page.reload()
    expect(page.get_by_text("the operator has sent nothing for")).to_be_visible()
    expect(restart).to_be_disabled()
    for size, options in SIZES.items():
        page.set_viewport_size(options["viewport"])
        window.check(f"deployments silent {size}")


def as_stale(socket: WebSocketRoute) -> None:
    server = socket.connect_to_server()
    server.on_message(lambda text: socket.send(str(text).replace('"stale":false', '"stale":true')))
