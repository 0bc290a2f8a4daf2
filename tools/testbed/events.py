"""The Events of a namespace. Kubernetes keeps an Event for an hour."""

from collections.abc import Iterable

from tools.testbed.shop import Shop


def messages(shop: Shop, reason: str) -> list[str]:
    """The messages of the Events with this reason."""
    found = shop.kube.list(shop.namespace, "events.events.k8s.io")
    return [str(event.get("note", "")) for event in found if event["reason"] == reason]


def named(shop: Shop, reasons: Iterable[str]) -> list[str]:
    """What the operator has named with one of these reasons: each verdict that begins has an Event."""
    return [f"{reason}: {message}" for reason in reasons for message in messages(shop, reason)]
