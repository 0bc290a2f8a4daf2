"""What an Event on a CeleryDeployment has in it."""

import asyncio
from typing import Any, cast

from celery_operator.act.events import Events
from celery_operator.cache import Key
from celery_operator.decide.event_note import EventNote
from celery_operator.kube import ConflictError, Kube


class Posted:
    """A Kube that keeps what is created, and refuses a name that it has."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []

    async def create(self, _kind: Any, _namespace: str, body: Any) -> Any:
        if body["metadata"]["name"] in {one["metadata"]["name"] for one in self.bodies}:
            raise ConflictError("it exists already", 409)
        self.bodies.append(body)
        return body


async def test_an_event_says_what_the_operator_was_doing_about_which_resource() -> None:
    kube = Posted()
    events = Events(
        cast("Kube", kube), Key("market", "shop"), "uid-shop", instance="operator-0", lost=lambda: None
    )
    await events.post_all([EventNote("Warning", "Deaf", "Pod shop-a is deaf.")])
    [body] = kube.bodies
    assert body["action"] == "Reconcile"
    assert (body["type"], body["reason"], body["note"]) == ("Warning", "Deaf", "Pod shop-a is deaf.")
    assert (body["regarding"]["name"], body["regarding"]["uid"]) == ("shop", "uid-shop")


async def test_a_note_is_cut_to_the_bytes_that_the_api_server_accepts() -> None:
    kube = Posted()
    events = Events(
        cast("Kube", kube), Key("market", "shop"), "uid-shop", instance="operator-0", lost=lambda: None
    )
    await events.post(EventNote("Warning", "EvictionRefused", "x" + "…" * 1000))
    assert kube.bodies[0]["note"] == "x" + "…" * 341
    assert len(kube.bodies[0]["note"].encode()) == 1024


async def test_an_event_with_an_identity_is_posted_once_by_all_operators_together() -> None:
    kube = Posted()
    lost: list[int] = []
    note = EventNote("Warning", "CeleryWorkersDown", "No worker consumes.", identity="uid-shop/down/12:00")
    for instance in ("operator-0", "operator-1"):
        events = Events(
            cast("Kube", kube),
            Key("market", "shop"),
            "uid-shop",
            instance=instance,
            lost=lambda: lost.append(1),
        )
        await events.post(note)
        await events.post(note)
    assert len(kube.bodies) == 1
    assert lost == []


async def test_a_later_event_of_the_same_alert_is_another_one() -> None:
    kube = Posted()
    events = Events(
        cast("Kube", kube), Key("market", "shop"), "uid-shop", instance="operator-0", lost=lambda: None
    )
    for since in ("12:00", "13:00"):
        await events.post(EventNote("Warning", "CeleryWorkersDown", "No worker consumes.", identity=since))
    assert len(kube.bodies) == 2


class Hanging:
    """A Kube that never answers."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def create(self, _kind: Any, _namespace: str, body: Any) -> Any:
        self.asked.append(body)
        await asyncio.Event().wait()


async def test_events_that_are_posted_together_wait_together_for_an_api_server_that_does_not_answer() -> None:
    kube = Hanging()
    lost: list[int] = []
    events = Events(
        cast("Kube", kube),
        Key("market", "shop"),
        "uid-shop",
        instance="operator-0",
        lost=lambda: lost.append(1),
        posting_seconds=0.05,
    )
    alerts = [EventNote("Warning", "CeleryWorkersDown", "None.", identity=f"{one}") for one in range(3)]
    async with asyncio.timeout(5):
        await events.post_all(alerts)
        await events.post(EventNote("Warning", "EvictionRefused", "Pod shop-a is not evicted."))
    assert [body["reason"] for body in kube.asked] == ["CeleryWorkersDown", "EvictionRefused"]
    assert (len(lost), events.posted) == (4, ())
