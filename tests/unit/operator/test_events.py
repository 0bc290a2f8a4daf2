"""What an Event on a CeleryDeployment has in it."""

from typing import Any, cast

from celery_operator.act.events import Events
from celery_operator.cache import Key
from celery_operator.decide.event_note import EventNote
from celery_operator.kube import Kube


class Posted:
    """A Kube that keeps what is created."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []

    async def create(self, _kind: Any, _namespace: str, body: Any) -> Any:
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
