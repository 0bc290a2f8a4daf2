"""The settings of the monitor's own alerts, without those of the channels."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celery_health.alerts import RULES
from celery_health.alerts.choice import read_choice
from celery_health.alerts.links import link_base
from celery_health.alerts.rule import Rule
from celery_monitor.settings.problem import SettingsError
from celery_monitor.settings.setting import Checked, Setting

DEFAULT_REPEAT_HOURS = 4.0
_HOUR = 3_600.0
_MOST_HOURS = 365 * 24.0


@dataclass(frozen=True, slots=True)
class AlertRuleSettings:
    """``rules``: those that are on, with their thresholds.

    ``repeat_seconds``: after which a message about an alert is repeated while it fires. ``page_url``: where
    browsers find the monitor, ``runbook_url``: where docs/runbooks is published, for the links in messages.
    """

    rules: tuple[Rule, ...] = RULES
    repeat_seconds: float = DEFAULT_REPEAT_HOURS * _HOUR
    page_url: str | None = None
    runbook_url: str | None = None


def hours(text: str) -> float:
    """Hours, as seconds."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= _MOST_HOURS:
        raise SettingsError(
            f"{text!r} is not a number of hours above 0 and at most {_MOST_HOURS:.0f}: write 4 or 0.5"
        )
    return number * _HOUR


def changed_rules(text: str) -> tuple[Rule, ...]:
    """The rules as a JSON object changes them."""
    try:
        return read_choice(RULES, text) if text else RULES
    except ValueError as error:
        raise SettingsError(str(error)) from None


def web_url(text: str) -> str:
    """A URL for links, without a slash at the end."""
    try:
        return link_base(text)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def alert_rules(options: Mapping[str, Any]) -> AlertRuleSettings:
    """The settings of the options."""
    return AlertRuleSettings(
        rules=options["alert_rules"],
        repeat_seconds=options["alert_repeat"],
        page_url=options["page_url"],
        runbook_url=options["runbook_url"],
    )


ALERT_RULES: tuple[Setting, ...] = (
    Setting(
        "--alert-rules",
        saved=True,
        type=Checked("json", changed_rules),
        default="",
        help="Changed alert rules, as in metrics.prometheusRule.rules of the chart: "
        '{"CelerySlowTasks": {"seconds": 900, "for": "30m"}, "CeleryDeadLetters": {"enabled": false}}.',
    ),
    Setting(
        "--alert-repeat",
        saved=True,
        type=Checked("hours", hours),
        default=f"{DEFAULT_REPEAT_HOURS:g}",
        show_default=True,
        help="Send a message again after this time while its alert fires.",
    ),
    Setting(
        "--page-url",
        saved=True,
        type=Checked("url", web_url),
        help="Where browsers find the monitor, for links in messages: https://HOST/URL-PREFIX.",
    ),
    Setting(
        "--runbook-url",
        saved=True,
        type=Checked("url", web_url),
        help="Where you publish docs/runbooks, for links in messages.",
    ),
)
