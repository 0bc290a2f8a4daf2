"""Which alerts are silenced. Pure."""

from collections.abc import Iterable, Mapping, Set
from fnmatch import fnmatchcase

from celery_monitor.records.alerts import Silence

RULE, SEVERITY = "alertname", "severity"
"""Labels that every alert has for the matchers of silences, as in Alertmanager."""


def silence_of(
    labels: Mapping[str, str], silences: Iterable[Silence], now: float, unknown: Set[str] = frozenset()
) -> Silence | None:
    """The silence that counts for an alert with these labels and that ends last.

    ``unknown``: labels that the alert has, with values that are not known. Any value meets them.
    """
    found = [one for one in silences if one.until > now and _matches(one, labels, unknown)]
    return max(found, key=lambda one: one.until, default=None)


def _matches(silence: Silence, labels: Mapping[str, str], unknown: Set[str]) -> bool:
    return all(
        one.label in unknown or _accepts(one.value, labels.get(one.label, "")) for one in silence.matchers
    )


def _accepts(pattern: str, value: str) -> bool:
    # Only * is special: a queue may have a name such as mail[eu].
    return fnmatchcase(value, pattern.replace("[", "[[]").replace("?", "[?]"))
