"""No secret of the settings is in a log."""

from dataclasses import replace

import pytest

from celery_health.known_secrets import begin, mask_known
from celery_monitor.settings import (
    AccessSettings,
    HistorySettings,
    JwtSettings,
    Role,
    Settings,
    StaticToken,
)
from celery_monitor.settings.alerts.channels import (
    AlertSettings,
    AppriseSettings,
    EmailSettings,
    Header,
    SmtpServer,
    WebhookSettings,
)
from celery_monitor.settings.secret_values import remember_secrets
from tests.support.monitor_web import NO_BROKER

SETTINGS = Settings(
    connection=NO_BROKER,
    history=HistorySettings(url="postgresql://ann:planted-01@db/celery"),
    management_url="http://ann:planted-02@rabbitmq:15672",
    access=AccessSettings(
        tokens=(StaticToken("ann", Role.ADMIN, "planted-03"),),
        jwt=JwtSettings(secret="planted-04"),
        push_token="planted-05",
        session_secret="planted-06",
    ),
    alerts=AlertSettings(
        webhooks=(
            WebhookSettings(
                "ops",
                "https://chat.example/planted-07",
                signing_secret="planted-08",
                header=Header("Authorization", "planted-09"),
            ),
        ),
        emails=(
            EmailSettings(
                "mail", SmtpServer("mail.example", 587, user="ann", password="planted-10"), "a@b", ("c@d",)
            ),
        ),
        apprise=(AppriseSettings("phone", "ntfy://planted-11"),),
    ),
)


@pytest.fixture(autouse=True)
def own_secrets() -> None:
    begin()


def test_each_secret_of_the_settings_is_masked() -> None:
    given = [f"planted-{number:02}" for number in range(1, 12)]
    given[6], given[10] = "https://chat.example/planted-07", "ntfy://planted-11"
    remember_secrets(SETTINGS)
    assert [mask_known(one) for one in given] == ["***"] * len(given)


def test_many_channels_leave_room_for_the_other_secrets() -> None:
    (hook,) = SETTINGS.alerts.webhooks
    hooks = tuple(
        replace(
            hook,
            url=f"https://chat.example/{number}",
            signing_secret=f"signing-{number:03}",
            header=Header("Authorization", f"header-{number:03}"),
        )
        for number in range(20)
    )
    remember_secrets(replace(SETTINGS, alerts=AlertSettings(webhooks=hooks)))
    assert mask_known("planted-01 header-000") == "*** ***"
