"""The documents of the three formats of webhooks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from celery_monitor.alerts.channels.formats import FORMATS
from celery_monitor.settings.alerts.channels import WebhookFormat
from tests.unit.monitor.alerts.channels.examples import ALL_ALERTS, HOSTILE, alert, hostile, message, resolved

ALERTMANAGER, SLACK, TEAMS = (FORMATS[one] for one in WebhookFormat)


def texts(document: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(document, dict):
        yield document
        for value in document.values():
            yield from texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from texts(value)


def test_the_format_of_alertmanager() -> None:
    document = ALERTMANAGER(message(alert(), resolved(labels={"resource": "shop", "queue": "email"})), "ops")
    first, second = document.pop("alerts")
    assert document == {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "ops",
        "groupLabels": {},
        "commonLabels": {"alertname": "CeleryHighQueueDepth", "severity": "warning", "resource": "shop"},
        "commonAnnotations": first["annotations"],
        "externalURL": ALL_ALERTS,
    }
    assert first["labels"] == {**document["commonLabels"], "queue": "print"}
    assert set(first["annotations"]) == {"summary", "description", "command", "runbook_url"}
    assert (first["status"], second["status"]) == ("firing", "resolved")
    assert (first["startsAt"], first["endsAt"]) == ("2027-01-15T07:50:00.000Z", "0001-01-01T00:00:00Z")
    assert second["endsAt"] == "2027-01-15T08:00:00.000Z"
    assert len(first["fingerprint"]) == 16
    assert first["fingerprint"] != second["fingerprint"]


def test_an_alert_keeps_its_fingerprint_when_it_ends() -> None:
    first, second = ALERTMANAGER(message(alert(), resolved()), "ops")["alerts"]
    assert first["fingerprint"] == second["fingerprint"]


def test_slack_shows_names_as_plain_text_alone() -> None:
    document = SLACK(message(hostile()), "chat")
    marked = [one["text"] for one in texts(document["blocks"]) if one.get("type") == "mrkdwn"]
    page = "<https://monitor.example/monitoring/queues/print|Page>"
    assert marked == [f"{page} | <https://docs.example/runbooks/CeleryHighQueueDepth|Runbook>"]
    assert document["mrkdwn"] is False
    assert "<" not in document["text"]


def test_slack_takes_a_link_with_a_bar_for_one_link() -> None:
    document = SLACK(message(alert(page_url="https://monitor.example/q/a|b>c", runbook_url=None)), "chat")
    (marked,) = [one["text"] for one in texts(document["blocks"]) if one.get("type") == "mrkdwn"]
    assert marked == "<https://monitor.example/q/a%7Cb&gt;c|Page>"


def test_slack_gets_no_more_blocks_than_it_takes() -> None:
    document = SLACK(message(*[alert()] * 100), "chat")
    assert len(document["blocks"]) <= 50
    first, second = (one["text"]["text"] for one in document["blocks"][:2])
    assert first == "100 alerts fire. 90 more alerts are not described here."
    assert second == f"<{ALL_ALERTS}|All alerts>"


def test_the_text_for_other_chats_says_how_many_there_are_and_ends_with_a_whole_alert() -> None:
    text = SLACK(message(*[alert(description="y" * 500)] * 50, waiting=9), "chat")["text"]
    assert len(text) <= 3000
    described = text.count("y" * 500)
    assert 1 < described < 10
    lines = text.splitlines()
    assert lines[0] == "[Firing] A queue of shop is long, and 58 more alerts"
    assert lines[1] == (
        "50 alerts fire, 9 more follow in later messages. "
        f"{50 - described} more alerts are not described here."
    )
    assert lines[2] == f"All alerts: {ALL_ALERTS}"
    assert lines[-1].startswith("Runbook: ")


def test_slack_takes_a_header_of_nothing_but_mentions() -> None:
    header = SLACK(message(alert(summary="@all" * 60)), "ops")["blocks"][0]["text"]["text"]
    assert len(header) == 150
    assert "@all" not in header


def test_teams_shows_names_in_text_runs_alone() -> None:
    document = TEAMS(message(hostile()), "chat")
    (attachment,) = document["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {one["type"] for one in attachment["content"]["body"]} == {"RichTextBlock"}
    assert [one["title"] for one in attachment["content"]["actions"]] == ["Open the page", "Open the runbook"]


def test_teams_gets_no_more_than_it_takes() -> None:
    long = alert(summary="ü" * 1000, description="ü" * 9999, command="ü" * 9999)
    document = TEAMS(message(*[long] * 100), "chat")
    assert len(json.dumps(document).encode()) < 28_000
    content = document["attachments"][0]["content"]
    described = sum(part["inlines"][0]["text"].startswith("ü" * 297) for part in content["body"]) // 3
    assert content["body"][0]["inlines"][0]["text"] == (
        f"100 alerts fire. {100 - described} more alerts are not described here."
    )
    assert content["actions"][0] == {"type": "Action.OpenUrl", "title": "Open all alerts", "url": ALL_ALERTS}


@pytest.mark.parametrize("kind", WebhookFormat)
def test_every_document_is_bounded_and_can_be_encoded(kind: WebhookFormat) -> None:
    many = [alert(labels={HOSTILE * 100: HOSTILE * 9999}, summary=HOSTILE * 999, description=HOSTILE * 9999)]
    body = json.dumps(FORMATS[kind](message(*many * 500), "chat"), ensure_ascii=False).encode()
    assert len(body) < 300_000
