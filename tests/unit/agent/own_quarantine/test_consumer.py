"""A worker that could never move a message does not start, and says what to write instead."""

from types import SimpleNamespace

import pytest
from celery import Celery
from celery.exceptions import ImproperlyConfigured

from celery_probe.agent.own_quarantine.consumer import Consumer


def start(broker: str, queue: str) -> None:
    app = Celery("shop", broker=broker, set_as_current=False)
    app.conf.task_default_queue = queue
    Consumer(lambda request: None, app=app, controller=SimpleNamespace(use_eventloop=True))


def test_rabbitmq_allows_no_longer_name_of_the_dead_letter_queue() -> None:
    start("amqp://", "q" * 243)
    start("redis://", "q" * 300)
    with pytest.raises(ImproperlyConfigured, match="Choose a shorter task_default_queue"):
        start("amqp://", "é" * 122)


def test_another_broker_has_no_dead_letter_queue() -> None:
    with pytest.raises(ImproperlyConfigured, match="needs Redis or RabbitMQ"):
        start("memory://", "celery")
