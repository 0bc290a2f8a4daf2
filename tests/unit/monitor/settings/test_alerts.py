"""The channels for alerts, from a file and from options."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from celery_monitor.settings.alerts.channels import (
    AlertSettings,
    AppriseSettings,
    EmailSettings,
    Header,
    SmtpServer,
    SmtpTls,
    WebhookFormat,
    WebhookSettings,
)
from celery_monitor.settings.alerts.values import smtp_server
from celery_monitor.settings.problem import SettingsError
from tests.unit.monitor.settings.conftest import Program

BROKER = {"CELERY_BROKER_URL": "redis://localhost/0"}
SECRET = "planted-0123456789abcdef"
SMTP = "smtp://ann:planted%40secret@mail.example"
IN_FULL = """
webhooks:
  - name: ops-chat
    urlFile: secrets/chat
    format: Slack
  - name: pager
    url: https://pager.example/hook
    signingSecretFile: secrets/signing
    header: {name: Authorization, valueFile: secrets/header}
emails:
  - {name: ops, urlFile: secrets/smtp, from: Celery <alerts@shop.example>, to: [ann@shop.example]}
apprise:
  - {name: phone, url: "ntfy://planted-topic"}
networks: [127.0.0.0/8, "::1"]
"""


def alerts_file(program: Program, text: str) -> dict[str, str]:
    """The variables of a start with this alerts file and its secrets."""
    file = program.home / "alerts.yaml"
    file.write_text(text)
    secrets = program.home / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "chat").write_text("https://hooks.slack.com/services/planted\n")
    (secrets / "signing").write_text(SECRET)
    (secrets / "header").write_text("Bearer planted-token\n")
    (secrets / "smtp").write_text(SMTP)
    return {**BROKER, "CELERY_MONITOR_ALERTS_FILE": str(file)}


def test_a_file_in_full(started: Program) -> None:
    found = started.settings(**alerts_file(started, IN_FULL)).alerts
    assert found == AlertSettings(
        webhooks=(
            WebhookSettings("ops-chat", "https://hooks.slack.com/services/planted", WebhookFormat.SLACK),
            WebhookSettings(
                "pager",
                "https://pager.example/hook",
                signing_secret=SECRET,
                header=Header("Authorization", "Bearer planted-token"),
            ),
        ),
        emails=(
            EmailSettings(
                "ops",
                SmtpServer("mail.example", 587, SmtpTls.STARTTLS, "ann", "planted@secret"),
                "Celery <alerts@shop.example>",
                ("ann@shop.example",),
            ),
        ),
        apprise=(AppriseSettings("phone", "ntfy://planted-topic"),),
        networks=(ip_network("127.0.0.0/8"), ip_network("::1")),
    )
    assert "planted" not in repr(found)


def test_variables_alone_give_a_webhook_and_an_email(started: Program) -> None:
    found = started.settings(
        **BROKER,
        CELERY_MONITOR_ALERT_WEBHOOK_URL="https://pager.example/hook",
        CELERY_MONITOR_ALERT_WEBHOOK_FORMAT="Teams",
        CELERY_MONITOR_ALERT_WEBHOOK_SECRET=SECRET,
        CELERY_MONITOR_ALERT_SMTP_URL="smtps://mail.example",
        CELERY_MONITOR_ALERT_MAIL_FROM="alerts@shop.example",
        CELERY_MONITOR_ALERT_MAIL_TO="ann@shop.example, ben@shop.example",
        CELERY_MONITOR_ALERT_NETWORKS="127.0.0.1",
    ).alerts
    assert found.webhooks == (
        WebhookSettings("webhook", "https://pager.example/hook", WebhookFormat.TEAMS, SECRET),
    )
    assert found.emails == (
        EmailSettings(
            "email",
            SmtpServer("mail.example", 465, SmtpTls.IMPLICIT),
            "alerts@shop.example",
            ("ann@shop.example", "ben@shop.example"),
        ),
    )
    assert found.networks == (ip_network("127.0.0.1"),)


def test_without_any_of_these_there_is_no_channel(started: Program) -> None:
    assert started.settings(**BROKER).alerts == AlertSettings()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("webhooks: [", "is not YAML at line 1"),
        ("- a list", "Expected `object`, got `array`"),
        ("webhook: []", "contains unknown field `webhook`"),
        ("webhooks: [{name: a, url: 1}]", "Expected `str | null`, got `int`, in webhooks[0].url"),
        ("webhooks: [{name: a}]", "webhooks[0] in"),
        ("webhooks: [{name: a}]", "write url or urlFile"),
        (
            "webhooks: [{name: a, url: 'https://x', urlFile: secrets/chat}]",
            "write only one of url and urlFile",
        ),
        ("webhooks: [{name: a, urlFile: secrets/none}]", "secrets/none cannot be read"),
        ("webhooks: [{name: Ops Chat, url: 'https://x'}]", "write ops-chat"),
        ("webhooks: [{name: a, url: 'ftp://planted'}]", "write https://HOST/PATH"),
        ("webhooks: [{name: a, url: 'https://ann:planted@x'}]", "and send a header"),
        ("webhooks: [{name: a, url: 'https://x', format: planted}]", "write Alertmanager, Slack or Teams"),
        ("webhooks: [{name: a, url: 'https://x', signingSecret: planted}]", "openssl rand -base64 32"),
        ("webhooks: [{name: a, url: 'https://x', header: {name: Host, value: planted}}]", "X-Api-Key"),
        ("webhooks: [{name: a, url: 'https://x', header: {name: X-A, value: \"planted\\nX: y\"}}]", "X-A"),
        ("emails: [{name: a, url: 'smtp://x', from: a@b.c, to: []}]", "to has no address"),
        ("emails: [{name: a, url: 'smtp://x', from: a@b.c, to: [ann]}]", "'ann' is not a mail address"),
        ("emails: [{name: a, url: 'smtp://x', from: \"a@b.c\\nBcc: d@e.f\", to: [a@b.c]}]", "mail address"),
        ("emails: [{name: a, url: 'smtp://x', from: 'Ops, Us <a@b.c>', to: [a@b.c]}]", "mail address"),
        ("emails: [{name: a, url: 'smtp://x', from: a..b@c.d, to: [a@b.c]}]", "mail address"),
        ("emails: [{name: a, url: 'http://planted', from: a@b.c, to: [a@b.c]}]", "write smtp://USER"),
        ("apprise: [{name: a, url: planted}]", "write it in apprise's format"),
        ("networks: [everywhere]", "networks[0] in"),
        ("webhooks: [{name: a, url: 'https://x'}, {name: a, url: 'https://y'}]", "have the name 'a'"),
        (f"webhooks: [{', '.join(f'{{name: a{n}, url: https://x}}' for n in range(31))}]", "more than 30"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(
    started: Program, text: str, sentence: str
) -> None:
    refusal = started.refusal(**alerts_file(started, text))
    assert sentence in refusal
    assert "planted" not in refusal


def test_a_file_that_is_missing(started: Program) -> None:
    refusal = started.refusal(**BROKER, CELERY_MONITOR_ALERTS_FILE=str(started.home / "none"))
    assert "none cannot be read: No such file" in refusal


def test_a_file_that_every_user_can_change(started: Program) -> None:
    variables = alerts_file(started, IN_FULL)
    Path(variables["CELERY_MONITOR_ALERTS_FILE"]).chmod(0o666)
    assert "chmod 600" in started.refusal(**variables)


def test_apprise_has_to_be_installed(started: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery_monitor.settings.alerts.file.find_spec", lambda _: None)
    assert "pip install 'celery-operator[apprise]'" in started.refusal(**alerts_file(started, IN_FULL))


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ALERT_WEBHOOK_URL": "planted"}, "write https://HOST/PATH"),
        ({"ALERT_WEBHOOK_SECRET": SECRET}, "needs --alert-webhook-url"),
        ({"ALERT_SMTP_URL": SMTP}, "all three of --alert-smtp-url, --alert-mail-from and --alert-mail-to"),
        ({"ALERT_MAIL_TO": "ann@shop.example"}, "all three of"),
        ({"ALERT_NETWORKS": "everywhere"}, "is not an address or network"),
    ],
)
def test_options_that_cannot_be_used(started: Program, variables: dict[str, str], sentence: str) -> None:
    given = {f"CELERY_MONITOR_{name}": value for name, value in variables.items()}
    refusal = started.refusal(**BROKER, **given)
    assert sentence in refusal
    assert "planted" not in refusal


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 587)),
        ("smtp://mail.example:25?tls=none", SmtpServer("mail.example", 25, SmtpTls.NONE)),
        ("smtp://relay?tls=none", SmtpServer("relay", 25, SmtpTls.NONE)),
        ("smtps://ann:p%3Aw@mail.example", SmtpServer("mail.example", 465, SmtpTls.IMPLICIT, "ann", "p:w")),
        ("smtp://[fd00::5]:2525", SmtpServer("fd00::5", 2525)),
    ],
)
def test_the_url_of_a_mail_server(url: str, server: SmtpServer) -> None:
    assert smtp_server(url) == server


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("smtp://ann:pw@mail.example?tls=none", "a login needs TLS"),
        ("smtps://mail.example?tls=none", "remove tls=none"),
        ("smtp://ann@mail.example", "a user and a password"),
        ("smtp://mail.example/inbox", "write smtp://USER"),
        ("smtp://mail.example?tls=maybe", "write smtp://USER"),
        ("smtp://mail.example:port", "write smtp://USER"),
        ("smtp://", "write smtp://USER"),
    ],
)
def test_urls_of_mail_servers_that_are_refused(url: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        smtp_server(url)
