"""What a user has changed in the rules: the values of the chart, as JSON or as a mapping."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from reprlib import repr as quoted
from typing import Any

from celery_health.alerts.rule import AlertSeverity, Rule, Threshold

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:[0-9]{1,8}[smhd]){1,8}")
_LARGEST_NUMBER = 10**8 - 1
_LARGEST = 10**15
"""A threshold; floats hold it exactly."""
_NUMBER = f"a whole number from 0 to {_LARGEST}"
_COMMON = ("enabled", "for", "severity")


def read_choice(rules: Iterable[Rule], text: str) -> tuple[Rule, ...]:
    """The rules as a JSON object changes them.

    Raises:
        ValueError: a sentence that says what to write instead.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not all(isinstance(one, dict) for one in document.values()):
        raise ValueError('not a JSON object of rules: write {"CeleryDeadLetters": {"enabled": false}}')
    return chosen(rules, document)


def chosen(rules: Iterable[Rule], choice: Mapping[str, Mapping[str, Any]]) -> tuple[Rule, ...]:
    """The rules that are switched on, each with its own time and thresholds.

    Raises:
        ValueError: a sentence that says what to write instead.
    """
    known = {rule.name: rule for rule in rules}
    for name in choice:
        if name not in known:
            raise ValueError(f"{name}: there is no such rule; write one of {', '.join(sorted(known))}")
    changed = ((rule, choice.get(rule.name, {})) for rule in known.values())
    return tuple(_changed(rule, values) for rule, values in changed if _is_enabled(rule, values))


def changes(rules: Iterable[Rule], choice: Iterable[Rule]) -> dict[str, dict[str, Any]]:
    """What makes these chosen rules of these rules: ``chosen`` takes it."""
    by_name = {rule.name: rule for rule in choice}
    found = {rule.name: _difference(rule, by_name.get(rule.name)) for rule in rules}
    return {name: values for name, values in found.items() if values}


def _difference(rule: Rule, chosen_rule: Rule | None) -> dict[str, Any]:
    if chosen_rule is None:
        return {"enabled": False}
    values: dict[str, Any] = {}
    if chosen_rule.hold_seconds != rule.hold_seconds:
        values["for"] = _duration(chosen_rule.hold_seconds)
    if chosen_rule.severity is not rule.severity:
        values["severity"] = chosen_rule.severity.value
    numbers = zip(chosen_rule.thresholds, rule.thresholds, strict=True)
    return values | {one.name: one.default for one, before in numbers if one.default != before.default}


def _duration(seconds: int) -> str:
    """A time as ``_seconds`` reads it, in the largest units: it takes a limited number of digits."""
    parts = []
    for unit, size in sorted(_SECONDS.items(), key=lambda one: -one[1]):
        number, seconds = divmod(seconds, size)
        while number:
            parts.append(f"{min(number, _LARGEST_NUMBER)}{unit}")
            number -= min(number, _LARGEST_NUMBER)
    return "".join(parts) or "0s"


def _is_enabled(rule: Rule, values: Mapping[str, Any]) -> bool:
    enabled = values.get("enabled", True)
    if not isinstance(enabled, bool):
        raise ValueError(f"{rule.name}.enabled: {quoted(enabled)} is not true or false")
    return enabled


def _changed(rule: Rule, values: Mapping[str, Any]) -> Rule:
    names = [*_COMMON, *(one.name for one in rule.thresholds)]
    for key in values:
        if key not in names:
            raise ValueError(
                f"{rule.name}.{key}: the rule has no such value; write one of {', '.join(names)}"
            )
    severity = values.get("severity", rule.severity)
    if not isinstance(severity, str):
        raise ValueError(f"{rule.name}.severity: {quoted(severity)} is not a text; write critical or warning")
    return replace(
        rule,
        hold_seconds=_seconds(rule, values["for"]) if "for" in values else rule.hold_seconds,
        # A severity of the user's own is a route of Alertmanager.
        severity=AlertSeverity(severity) if severity in set(AlertSeverity) else rule.severity,
        thresholds=tuple(_thresholds(rule, values)),
    )


def _thresholds(rule: Rule, values: Mapping[str, Any]) -> Iterator[Threshold]:
    for one in rule.thresholds:
        number = values.get(one.name, one.default)
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        # Helm writes large whole numbers as floats. What is no number at all (NaN) is not in the range.
        if not (is_number and 0 <= number <= _LARGEST and number == int(number)):
            raise ValueError(f"{rule.name}.{one.name}: {quoted(number)} is not {_NUMBER}")
        yield replace(one, default=int(number))


def _seconds(rule: Rule, text: object) -> int:
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise ValueError(f"{rule.name}.for: {quoted(text)} is not a time; write 90s, 5m or 1h")
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))
