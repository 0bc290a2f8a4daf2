"""What a message says."""

import pytest

from celery_monitor.alerts.channels.texts import bounded, headline, links, plain, totals, without_mentions
from celery_monitor.alerts.notification import Alert
from tests.unit.monitor.alerts.channels.examples import alert, hostile, message, resolved


def test_a_message_in_full() -> None:
    assert plain(message(alert(), resolved(summary="Beat of shop sends no tasks"))) == (
        "1 alert fires, 1 is resolved.\n\n"
        "A queue of shop is long\n"
        "Warning, firing since 2027-01-15 07:50:00 UTC\n"
        "1200 messages are ready in queue print of shop. The limit is 1000.\n"
        "Command: celery -A shop health\n"
        "Page: https://monitor.example/monitoring/queues/print\n"
        "Runbook: https://docs.example/runbooks/CeleryHighQueueDepth\n\n"
        "Beat of shop sends no tasks\n"
        "Resolved after 10 min\n"
        "Page: https://monitor.example/monitoring/queues/print\n"
        "Runbook: https://docs.example/runbooks/CeleryHighQueueDepth"
    )


@pytest.mark.parametrize(
    ("alerts", "line"),
    [
        ([alert()], "[Firing] A queue of shop is long"),
        ([alert(), alert()], "[Firing] A queue of shop is long, and 1 more alert"),
        ([resolved()] * 3, "[Resolved] A queue of shop is long, and 2 more alerts"),
        ([alert(), resolved()], "[Firing] A queue of shop is long, and 1 more alert"),
    ],
)
def test_the_headline(alerts: list[Alert], line: str) -> None:
    assert headline(message(*alerts)) == line


@pytest.mark.parametrize(
    ("alerts", "sentence"),
    [
        ([alert()], "1 alert fires."),
        ([alert()] * 2, "2 alerts fire."),
        ([resolved()], "1 alert is resolved."),
        ([resolved()] * 2, "2 alerts are resolved."),
        ([alert(), alert(), resolved(), resolved()], "2 alerts fire, 2 are resolved."),
    ],
)
def test_singular_and_plural(alerts: list[Alert], sentence: str) -> None:
    assert totals(message(*alerts)) == sentence


def test_alerts_that_are_not_described_are_counted() -> None:
    text = plain(message(*[alert()] * 22))
    assert text.count("A queue of shop is long") == 20
    assert text.endswith("2 more alerts are not described here.")
    assert plain(message(*[alert()] * 21)).endswith("1 more alert is not described here.")


def test_texts_are_bounded_and_have_no_control_characters() -> None:
    long = plain(message(alert(summary="x" * 100_000, description="y\x1b[2J" * 100_000, command="z" * 9000)))
    assert len(long) < 3000
    assert "\x1b" not in long
    assert len(bounded("\n" * 5000, 100)) == 100
    text = plain(message(hostile()))
    assert "\r" not in text
    assert "\u202e" not in text
    text.encode()


def test_only_urls_of_the_web_are_links() -> None:
    assert list(links(alert(page_url="javascript:alert(1)", runbook_url=None))) == []


def test_a_text_calls_no_group_of_people() -> None:
    assert "@channel" not in without_mentions("ask @channel, @Everyone, worker@host")
    assert "worker@host" in without_mentions("ask @channel, worker@host")
