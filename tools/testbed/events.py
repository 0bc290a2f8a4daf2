"""The Events of a namespace. Kubernetes keeps an Event for an hour."""

from collections.abc import Iterable
from datetime import datetime

from tools.testbed.shop import Shop


def messages(shop: Shop, reason: str) -> list[str]:
    """The messages of the Events with this reason."""
    found = shop.kube.list(shop.namespace, "events.events.k8s.io")
    return [str(event.get("note", "")) for event in found if event["reason"] == reason]


def first_time(shop: Shop, reason: str, words: str) -> float | None:
    """When the first Event with this reason and these words was, in Unix time; None before it."""
    found = shop.kube.list(shop.namespace, "events.events.k8s.io")
    times = [
        datetime.fromisoformat(event["eventTime"]).timestamp()
        for event in found
        if event["reason"] == reason and words in event.get("note", "")
    ]
    return min(times, default=None)


def named(shop: Shop, reasons: Iterable[str]) -> list[str]:
    """What the operator has named with one of these reasons: each verdict that begins has an Event."""
    return [f"{reason}: {message}" for reason in reasons for message in messages(shop, reason)]
