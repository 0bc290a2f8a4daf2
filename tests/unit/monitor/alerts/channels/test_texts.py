"""What a message says."""

import pytest

from celery_monitor.alerts.channels.texts import bounded, headline, links, plain, totals, without_mentions
from celery_monitor.alerts.notification import Alert
from tests.unit.monitor.alerts.channels.examples import ALL_ALERTS, alert, hostile, message, resolved


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


def test_alerts_that_are_not_described_are_counted_and_the_page_with_all_is_named() -> None:
    text = plain(message(*[alert()] * 22))
    assert text.count("A queue of shop is long") == 20
    link = f"\nAll alerts: {ALL_ALERTS}\n"
    assert text.startswith(f"22 alerts fire. 2 more alerts are not described here.{link}")
    assert "fire. 1 more alert is not described here.\n" in plain(message(*[alert()] * 21))
    assert ALL_ALERTS not in plain(message(*[alert()] * 20))


def test_alerts_that_are_left_for_later_messages_count_in_the_headline_and_in_the_sentence() -> None:
    many = message(*[alert()] * 40, *[resolved()] * 10, waiting=70)
    assert headline(many) == "[Firing] A queue of shop is long, and 119 more alerts"
    assert plain(many).startswith(
        "40 alerts fire, 10 are resolved, 70 more follow in later messages. "
        f"30 more alerts are not described here.\nAll alerts: {ALL_ALERTS}\n"
    )
    assert totals(message(*[resolved()] * 2, waiting=1)) == (
        "2 alerts are resolved, 1 more follows in later messages."
    )


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
