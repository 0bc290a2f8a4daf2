"""A real monitor with an operator: it shows what is pushed, and hands over what users request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.servers import redis_server

from celery_health.wire.group_requests import REQUESTS_PATH
from celery_health.wire.resource_push import PUSH_TOKEN_HEADER
from tests.integration.monitor.monitor_process import API, TOKEN, Monitor, monitor
from tests.integration.monitor.operator_side import PUSH_TOKEN, hand_over, post, push
from tests.unit.wire.documents import push_document


@pytest.fixture
def options(tmp_path: Path) -> Iterator[list[str]]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with redis_server(folder) as server:
        yield ["--broker", server.url, "--database", f"sqlite:///{tmp_path / 'history.db'}"]


def scale(running: Monitor, replicas: int) -> tuple[int, Any]:
    header = ("Authorization", f"Bearer {TOKEN}")
    return post(running, f"{API}/groups/mail/scale", {"replicas": replicas}, header)


def test_a_request_is_handed_over_until_its_outcome_comes_and_stays_in_the_audit(
    options: list[str], tmp_path: Path
) -> None:
    with monitor(tmp_path / "first", *options, "--push-token", PUSH_TOKEN) as running:
        assert running.request(f"{API}/resource")[0] == 503
        push(running, push_document())
        assert running.get("/resource")["groups"][0]["name"] == "mail"
        status, asked = scale(running, 3)
        assert status == 202
        assert [one["id"] for one in hand_over(running)] == [asked["id"]]
        outcome = {"id": asked["id"], "done": False, "message": "Group mail follows its load."}
        assert hand_over(running, outcome) == []
        (shown,) = running.get("/resource")["requests"]
        assert (shown["state"], shown["message"]) == ("refused", "Group mail follows its load.")
        assert scale(running, 4)[0] == 202
    # A monitor that starts anew has no request of before, and its audit has both.
    with monitor(tmp_path / "second", *options, "--push-token", PUSH_TOKEN) as running:
        push(running, push_document())
        assert hand_over(running) == []
        entries = running.get("/audit")["entries"]
        assert [one["detail"].split(" request ")[0] for one in entries] == ["to 4", "to 3"]
        assert asked["id"] in entries[1]["detail"]


def test_a_monitor_outside_a_cluster_has_no_resource_and_no_groups(
    options: list[str], tmp_path: Path
) -> None:
    with monitor(tmp_path / "alone", *options) as running:
        status, problem = running.request(f"{API}/resource")
        assert (status, "not run by the operator" in problem["detail"]) == (404, True)
        assert scale(running, 3)[0] == 404
        header = (PUSH_TOKEN_HEADER, PUSH_TOKEN)
        assert post(running, REQUESTS_PATH, {"version": 1}, header)[0] == 404
