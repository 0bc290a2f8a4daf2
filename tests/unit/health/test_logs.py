"""Log lines: one an event, without secrets."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Literal

import pytest

from celery_health import logs


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What was logged; the logging of the test run is put back afterwards."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers = []
    yield lambda: capsys.readouterr().err
    root.handlers, root.level = handlers, level


def test_a_json_line_is_one_object(said: Callable[[], str]) -> None:
    logs.configure("info", "json", ())

    logging.getLogger("x").info("watching %s", "ns/shop")

    line = json.loads(said())
    assert (line["level"], line["logger"], line["message"]) == ("info", "x", "watching ns/shop")


@pytest.mark.parametrize("style", ["json", "text"])
def test_secrets_in_messages_and_tracebacks_are_masked(
    said: Callable[[], str], style: Literal["json", "text"]
) -> None:
    logs.configure("info", style, ())

    try:
        raise ValueError("cannot use redis://:hunter2@broker/0")
    except ValueError:
        logging.getLogger("x").exception("with amqp://user:hunter2@broker//")

    text = said()
    assert "ValueError" in text
    assert "hunter2" not in text


def test_a_noisy_logger_has_only_its_warnings(said: Callable[[], str]) -> None:
    logs.configure("info", "text", ["kopf"])

    logging.getLogger("kopf.objects").info("Handler 'pods' succeeded.")

    assert said() == ""
