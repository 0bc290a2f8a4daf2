"""What the database keeps of alerts. Times are Unix time in seconds."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

LabelSet = tuple[tuple[str, str], ...]
"""The labels of an alert beyond those of its application, by name."""


class AlertKey(NamedTuple):
    """What one alert is about. There is one alert for each."""

    rule: str
    labels: LabelSet = ()


class AlertState(StrEnum):
    """How far an alert is."""

    PENDING = "pending"
    """The condition holds, but not yet for the time of the rule."""
    FIRING = "firing"
    RESOLVED = "resolved"


class AlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One alert.

    ``began``: since when the condition holds; ``seen``: when it last held. ``fired`` and ``ended``: when the
    alert began to fire and was resolved; a pending alert has those of the last time. ``value``: what was
    measured when the condition last held; of an alert that the operator judges there are the texts instead.
    """

    key: AlertKey
    state: AlertState
    began: float
    seen: float
    value: float = 0.0
    fired: float | None = None
    ended: float | None = None
    summary: str | None = None
    description: str | None = None


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel has last delivered about an alert: the one that ``fired`` at this time."""

    channel: str
    key: AlertKey
    fired: float
    resolved: bool
    at: float


class SilenceMatcher(msgspec.Struct, frozen=True, kw_only=True):
    """A label and its value. In the value * stands for any characters."""

    label: str
    value: str


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """No message is sent about alerts that meet all matchers, until ``until``."""

    id: str
    matchers: tuple[SilenceMatcher, ...]
    at: float
    until: float
    comment: str
    identity: str
