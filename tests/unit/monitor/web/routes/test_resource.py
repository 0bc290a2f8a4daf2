"""The resource of the monitor: what the operator pushed, whole and in order, and why there is none."""

from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient

from celery_health.wire.group_requests import REQUESTS_LENGTH, REQUESTS_PATH
from celery_health.wire.resource_push import PUSH_TOKEN_HEADER, RESOURCE_PUSH, ResourcePush
from celery_monitor.control.actions import Actions
from celery_monitor.control.application import CeleryApplication
from celery_monitor.live.live import Live
from celery_monitor.live.resource import MOST_PODS
from celery_monitor.web.push import PushReceiver
from tests.support.monitor_web import (
    API,
    NO_BROKER,
    OPERATOR,
    VIEWER,
    FakeHistory,
    problem,
    served,
)
from tests.unit.wire.documents import encoded, push_document, pushed_pod

NOW = 1_700_000_205.0
TOKEN = "the-token-of-pushes"
Client = TestClient[Any, Any]


def push(**changes: Any) -> ResourcePush:
    return RESOURCE_PUSH.decode(encoded(push_document(**changes)))


def live_with(one: ResourcePush) -> Live:
    live = Live(clock=lambda: NOW)
    live.on_push(one)
    return live


async def resource_of(one: ResourcePush) -> dict[str, Any]:
    async with served(live=live_with(one)) as client:
        response = await client.get(f"{API}/resource", headers=VIEWER)
        assert response.status == 200
        return dict(await response.json())


async def test_a_viewer_reads_conditions_groups_pods_and_events() -> None:
    document = await resource_of(push())
    assert (document["namespace"], document["name"], document["health"]) == ("shop", "shop", "Healthy")
    assert (document["taken_at"], document["received_at"]) == (1_700_000_200.0, NOW)
    assert document["stale"] is False
    assert [one["type"] for one in document["conditions"]] == ["Ready"]
    assert [(one["name"], one["desired"], one["consuming"]) for one in document["groups"]] == [("mail", 1, 1)]
    (pod,) = document["pods"]
    assert (pod["name"], pod["worker"], pod["state"]) == ("shop-mail-1", "mail@shop-mail-1", "consuming")
    assert [one["reason"] for one in document["events"]] == ["Ready"]


async def test_the_newest_event_is_the_first() -> None:
    events = [
        {"posted_at": float(at), "type": "Normal", "reason": f"R{at}", "message": ""} for at in range(3)
    ]
    document = await resource_of(push(events=events))
    assert [one["reason"] for one in document["events"]] == ["R2", "R1", "R0"]


async def test_of_many_pods_those_that_do_not_consume_are_shown() -> None:
    good = [{**pushed_pod(), "name": f"good-{number}"} for number in range(MOST_PODS)]
    bad = {**pushed_pod(), "name": "zz-bad", "state": "unscheduled", "worker": None, "failure": "no memory"}
    document = await resource_of(push(pods=[*good, bad], pod_count=MOST_PODS + 1))
    assert (len(document["pods"]), document["pod_count"]) == (MOST_PODS, MOST_PODS + 1)
    assert document["pods"][0]["failure"] == "no memory"


async def test_outside_a_cluster_the_answer_says_what_to_do() -> None:
    async with served() as client:
        response = await client.get(f"{API}/resource", headers=VIEWER)
        assert response.status == 404
        detail = (await problem(response))["detail"]
        assert "not run by the operator" in detail
        assert "spec.monitor.enabled" in detail


async def test_before_the_first_push_the_answer_says_to_try_again() -> None:
    async with served(push=PushReceiver(token="the-token", take=lambda _: None)) as client:
        response = await client.get(f"{API}/resource", headers=VIEWER)
        assert response.status == 503
        assert "has not described" in (await problem(response))["detail"]


class Cluster:
    """A monitor whose operator pushes, with a clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW
        self.live = Live(clock=lambda: self.now)
        self.live.on_push(push())
        self.history = FakeHistory()
        self.receiver = PushReceiver(
            token=TOKEN, take=self.live.on_push, requests=self.live.group_requests, clock=lambda: self.now
        )

    def parts(self) -> dict[str, Any]:
        application = CeleryApplication.of(NO_BROKER, {})
        return {
            "live": self.live,
            "history": self.history,
            "application": application,
            "actions": Actions.of(application, cast("Any", self.history), self.live, lambda _: None),
            "push": self.receiver,
            "clock": lambda: self.now,
        }

    async def hand_over(self, client: Client, *outcomes: dict[str, Any]) -> list[dict[str, Any]]:
        """What the operator is asked."""
        body = encoded({"version": 1, "outcomes": list(outcomes)})
        answer = await client.post(REQUESTS_PATH, data=body, headers={PUSH_TOKEN_HEADER: TOKEN})
        assert answer.status == 202
        return list((await answer.json())["requests"])


async def test_a_request_goes_to_the_operator_and_its_outcome_comes_back() -> None:
    cluster = Cluster()
    async with served(**cluster.parts()) as client:
        response = await client.post(f"{API}/groups/mail/scale", headers=OPERATOR, json={"replicas": 3})
        assert response.status == 202
        asked = await response.json()
        assert (asked["state"], asked["requested_by"], asked["replicas"]) == ("waiting", "the-operator", 3)
        assert await cluster.hand_over(client) == [
            {"id": asked["id"], "action": "scale", "group": "mail", "replicas": 3}
        ]
        assert await cluster.hand_over(client, {"id": asked["id"], "done": True, "message": "3 pods."}) == []
        shown = await (await client.get(f"{API}/resource", headers=VIEWER)).json()
        assert [(one["state"], one["message"]) for one in shown["requests"]] == [("done", "3 pods.")]
    (entry,) = cluster.history.entries
    assert (entry.identity, entry.action, entry.subject) == ("the-operator", "scale_group", "mail")
    assert entry.detail == f"to 3 request {asked['id']}"


@pytest.mark.parametrize("action", ["pause", "resume", "restart"])
async def test_each_action_is_a_request_of_its_own(action: str) -> None:
    cluster = Cluster()
    async with served(**cluster.parts()) as client:
        response = await client.post(f"{API}/groups/mail/{action}", headers=OPERATOR)
        assert response.status == 202
        (asked,) = await cluster.hand_over(client)
        assert (asked["action"], asked["group"]) == (action, "mail")


async def test_a_viewer_asks_for_nothing() -> None:
    cluster = Cluster()
    async with served(**cluster.parts()) as client:
        for action in ("pause", "resume", "restart", "scale"):
            response = await client.post(f"{API}/groups/mail/{action}", headers=VIEWER, json={"replicas": 1})
            assert response.status == 403
        assert await cluster.hand_over(client) == []


@pytest.mark.parametrize("replicas", [-1, 10_001, 1.5, "many", None])
async def test_a_number_of_pods_has_bounds(replicas: Any) -> None:
    async with served(**Cluster().parts()) as client:
        body = {"replicas": replicas}
        response = await client.post(f"{API}/groups/mail/scale", headers=OPERATOR, json=body)
        assert response.status == 422


async def test_an_unknown_group_is_refused_with_those_that_exist() -> None:
    async with served(**Cluster().parts()) as client:
        response = await client.post(f"{API}/groups/post/restart", headers=OPERATOR)
        assert response.status == 404
        assert "there is mail" in (await problem(response))["detail"]


async def test_while_the_operator_is_silent_nothing_is_asked() -> None:
    cluster = Cluster()
    cluster.now += 61
    async with served(**cluster.parts()) as client:
        assert (await (await client.get(f"{API}/resource", headers=VIEWER)).json())["stale"] is True
        response = await client.post(f"{API}/groups/mail/restart", headers=OPERATOR)
        assert response.status == 503
        assert "sent nothing for 61 s" in (await problem(response))["detail"]


async def test_outside_a_cluster_there_are_no_groups_to_act_on() -> None:
    async with served() as client:
        response = await client.post(f"{API}/groups/mail/restart", headers=OPERATOR)
        assert response.status == 404


async def test_more_requests_than_may_wait_are_refused() -> None:
    async with served(**Cluster().parts()) as client:
        statuses = [
            (await client.post(f"{API}/groups/mail/scale", headers=OPERATOR, json={"replicas": one})).status
            for one in range(REQUESTS_LENGTH + 1)
        ]
        assert statuses == [202] * REQUESTS_LENGTH + [409]


@pytest.mark.parametrize("headers", [{}, {PUSH_TOKEN_HEADER: "another"}, OPERATOR])
async def test_only_the_operator_gets_the_requests(headers: dict[str, str]) -> None:
    async with served(**Cluster().parts()) as client:
        response = await client.post(REQUESTS_PATH, data=b'{"version":1}', headers=headers)
        assert response.status == 401
