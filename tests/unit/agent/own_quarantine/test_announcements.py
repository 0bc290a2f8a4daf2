"""What arrives from the broker never breaks the loop of a worker, and what is sent arrives once."""

from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from kombu import Connection

from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.own_quarantine.announcements import Announcements


class Scene:
    """Announcements of one worker, on kombu's own broker in memory."""

    def __init__(self) -> None:
        self.errors, self.received = ErrorLog(), list[Any]()
        self.app = Celery("shop", broker="memory://", set_as_current=False)
        self.announcements = Announcements(self.app, "mail.dead-letter", self.received.append, self.errors)

    def deliver(self, body: Any) -> None:
        self.announcements._on_message(body, None)


@pytest.mark.parametrize("body", [None, "text", {}, {"other": 1}, 7])
def test_what_is_no_announcement_counts_as_an_error(body: Any) -> None:
    scene = Scene()
    scene.deliver(body)
    assert scene.received == []
    assert scene.errors.last.startswith("announcement: ")


def test_a_receiver_that_raises_counts_as_an_error() -> None:
    errors = ErrorLog()

    def refuse(_: Any) -> None:
        raise ValueError

    announcements = Announcements(Scene().app, "mail.dead-letter", refuse, errors)
    announcements._on_message({"deaths": {}}, None)
    assert errors.last == "announcement: ValueError"


def test_the_exchange_belongs_to_the_dead_letter_queue_and_is_no_queue_of_tasks() -> None:
    scene = Scene()
    with Connection("memory://") as connection:
        consumer: Any = SimpleNamespace(connection=connection, hostname="one@here")
        scene.announcements.listen(consumer)
        exchange = scene.announcements._exchange
        assert exchange.name == "mail.dead-letter.pidbox"
        producer = connection.Producer()
        producer.publish({"deaths": {"a": 1}}, exchange=exchange.name, serializer="json")
        connection.drain_events(timeout=5)
        assert scene.received == [{"a": 1}]
        scene.announcements.stop()
        assert scene.errors.count == 0
    # Remote control is as it was.
    assert scene.app.control.mailbox.exchange.name == "celery.pidbox"


@pytest.mark.parametrize("queue", ["q" * 243, "é" * 120])
def test_the_name_of_a_long_queue_leaves_room_for_that_of_the_host(queue: str) -> None:
    scene = Scene()
    announcements = Announcements(scene.app, f"{queue}.dead-letter", scene.received.append, scene.errors)
    other = Announcements(scene.app, f"{queue}x.dead-letter", scene.received.append, scene.errors)
    assert len(announcements._exchange.name) < 60
    assert announcements._exchange.name != other._exchange.name
    assert announcements._exchange.name.endswith(".pidbox")
