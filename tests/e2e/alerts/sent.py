"""What the monitor in the cluster sends to a webhook and to a mail server outside it."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tools.testbed import broker_faults
from tools.testbed.kube import Object
from tools.testbed.shop import Shop

from tests.support.receivers.in_thread import Receivers, receivers

SENT_WITHIN = 150
"""A channel sends at most one message a minute."""


@contextmanager
def receiving(shop: Shop) -> Iterator[Receivers]:
    """Both receivers, at the address with which this machine reaches the pods."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect((broker_faults.redis_pod(shop)["status"]["podIP"], broker_faults.PORT))
        address: str = one.getsockname()[0]
    with receivers(address) as found:
        yield found


def channels(to: Receivers) -> Object:
    """``spec.monitor.alerts``."""
    address = {"from": "alerts@shop.example", "to": ["ann@shop.example"]}
    return {
        "webhooks": [{"name": "hook", "url": to.webhook.url}],
        "emails": [{"name": "ann", "url": f"smtp://{to.host}:{to.mail.port}?tls=none", **address}],
    }


def posted(to: Receivers, name: str) -> list[str]:
    """What the webhook has received about the alert: firing, resolved."""
    documents = [json.loads(body) for _, body in to.webhook.received]
    alerts = [one for document in documents for one in document["alerts"]]
    return [one["status"] for one in alerts if one["labels"]["alertname"] == name]


def mailed(to: Receivers, summary: str) -> list[str]:
    """The subjects of the mails about the alert."""
    found = []
    for one in to.mail.received:
        body = one.message.get_body(("plain",))
        assert body is not None
        if summary in f"{one.message['Subject']}\n{body.get_content()}":
            found.append(str(one.message["Subject"]))
    return found


def until_sent(shop: Shop, to: Receivers, name: str, summary: str, number: int) -> None:
    """Wait until both have heard of the alert so often."""
    shop.kube.until(
        f"{number} messages about {name}",
        lambda: min(len(posted(to, name)), len(mailed(to, summary))) >= number,
        timeout=SENT_WITHIN,
    )
