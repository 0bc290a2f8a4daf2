"""The operator's alerts in the status of a resource, and their Events, on a real API server."""

import json

import redis
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT, EVENT
from tests.integration.api.apiserver import Object
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.sidecars import QUEUE
from tests.integration.operator.world import World, group

DEPTH, BROKER = "CeleryHighQueueDepth", "CeleryBrokerUnreachable"
QUICK = {DEPTH: {"messages": 5, "for": "1s"}, BROKER: {"for": "1s"}}
RULES = f"--alert-rules={json.dumps(QUICK)}"


def firing(world: World, name: str) -> Object | None:
    """The alert as the status has it while it fires."""
    resource = world.get(CELERY_DEPLOYMENT, "shop") or {}
    alerts = resource.get("status", {}).get("alerts", [])
    return next((one for one in alerts if one["name"] == name and one["state"] == "Firing"), None)


def events(world: World, reason: str) -> list[tuple[str, str]]:
    return [(one["type"], one["note"]) for one in world.all(EVENT) if one["reason"] == reason]


def test_an_alert_has_one_event_while_operators_come_and_go_and_one_when_it_is_resolved(
    start_operator: StartOperator, world: World, broker: RedisServer
) -> None:
    first = start_operator("--identity=operator-0", RULES).until_it_leads()
    world.create_shop(broker={"url": broker.url}, workers=[group("default", queues=[QUEUE])])
    wait_for(lambda: firing(world, DEPTH), describe=f"{DEPTH} fires")
    since = (firing(world, DEPTH) or {})["since"]
    wait_for(lambda: events(world, DEPTH), describe="its Event")

    first.kill()
    start_operator("--identity=operator-0", RULES).until_it_leads()
    written = world.get(CELERY_DEPLOYMENT, "shop") or {}
    # A number of its own shows that the new operator has judged and written the status.
    with redis.Redis.from_url(broker.url) as client:
        client.lpush(QUEUE, "one more")
        wait_for(
            lambda: (world.get(CELERY_DEPLOYMENT, "shop") or {})["status"] != written["status"],
            describe="a status of the new operator",
        )
        assert (firing(world, DEPTH) or {})["since"] == since
        [(kind, note)] = events(world, DEPTH)
        assert kind == "Warning"
        assert note == (
            f"20 messages are ready in queue {QUEUE} of {world.namespace}/shop. The limit is 5. "
            "Runbook: docs/runbooks/queues/CeleryHighQueueDepth.md"
        )

        client.delete(QUEUE)
    wait_for(lambda: len(events(world, DEPTH)) == 2, describe="the Event of its end")
    # The status follows its Event.
    wait_for(lambda: firing(world, DEPTH) is None, describe="a status without the alert")
    assert sorted(kind for kind, _ in events(world, DEPTH)) == ["Normal", "Warning"]


def test_an_alert_that_repeats_a_condition_is_in_the_status_and_has_only_the_event_of_the_condition(
    start_operator: StartOperator, world: World
) -> None:
    start_operator(RULES).until_it_leads()
    world.create_shop()

    wait_for(lambda: firing(world, BROKER), describe=f"{BROKER} fires")

    assert (firing(world, BROKER) or {})["condition"] == "BrokerReachable"
    assert len(events(world, "BrokerConnectionRefused")) == 1
    assert events(world, BROKER) == []
