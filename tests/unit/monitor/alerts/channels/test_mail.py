"""The mail of a message."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

import pytest

from celery_monitor.alerts.channels.mail import mail
from celery_monitor.alerts.notification import Alert
from celery_monitor.settings.alerts.channels import EmailSettings, SmtpServer
from tests.unit.monitor.alerts.channels.examples import alert, hostile, message, resolved

SETTINGS = EmailSettings(
    "ops",
    SmtpServer("mail.example", 587),
    "Celery of the shop <alerts@shop.example>",
    ("ann@shop.example", "ben@shop.example"),
)


def received(*alerts: Alert) -> EmailMessage:
    """The mail as its recipient parses it."""
    parsed = message_from_bytes(mail(message(*alerts), SETTINGS).as_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class Elements(HTMLParser):
    """The elements of a page, and the addresses of its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name == "href"]


def test_the_headers_of_a_mail() -> None:
    parsed = received(alert())
    assert parsed["Subject"] == "[Firing] A queue of shop is long"
    assert parsed["From"] == "Celery of the shop <alerts@shop.example>"
    assert parsed["To"] == "ann@shop.example, ben@shop.example"
    assert parsed["Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert parsed["Auto-Submitted"] == "auto-generated"


def test_a_mail_has_plain_text_and_html() -> None:
    parsed = received(alert())
    assert "1200 messages are ready in queue print" in body(parsed, "plain")
    page = body(parsed, "html")
    assert "1200 messages are ready in queue print" in page
    assert Elements(page).links == [
        "https://monitor.example/monitoring/queues/print",
        "https://docs.example/runbooks/CeleryHighQueueDepth",
    ]


def test_the_mail_about_the_end_belongs_to_the_thread_of_the_beginning() -> None:
    first, last = received(alert()), received(resolved())
    assert first["References"] == last["References"] == last["In-Reply-To"]
    assert first["Message-ID"] != last["Message-ID"]


def test_the_next_time_has_a_thread_of_its_own() -> None:
    assert received(alert())["References"] != received(alert(since=1.0))["References"]


def test_a_mail_about_several_alerts_belongs_to_the_thread_of_each() -> None:
    other = alert(labels={"queue": "email"})
    references = received(alert(), other)["References"].split()
    assert references == [received(alert())["References"], received(other)["References"]]


def test_a_second_attempt_sends_the_same_mail() -> None:
    assert received(alert())["Message-ID"] == received(alert())["Message-ID"]


def test_a_hostile_name_is_text_and_adds_no_header() -> None:
    parsed = received(hostile())
    assert parsed["Bcc"] is None
    assert "Bcc" in parsed["Subject"]
    page = body(parsed, "html")
    assert Elements(page).tags == {"html", "body", "h2", "p", "pre", "a"}
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "name", ["=?utf-8?q?=0ABcc=3A_x@evil.example?=", "=?utf-7?q?+AAo-Bcc:_x?=", "=?us-ascii?b?CkJjYzogeA==?="]
)
def test_a_name_of_encoded_words_is_text_and_adds_no_header(name: str) -> None:
    parsed = received(alert(summary=f"Tasks {name} fail"))
    assert parsed["Bcc"] is None
    assert parsed["Subject"] == f"[Firing] Tasks {name.replace('=?', '= ?')} fail"


def test_a_mail_needs_no_extension_of_the_server() -> None:
    raw = mail(
        message(alert(summary="La file des reçus de José a trop de tâches", description="ü" * 5000)), SETTINGS
    )
    lines = raw.as_bytes().split(b"\r\n")
    assert all(line.isascii() and len(line) < 998 for line in lines)
