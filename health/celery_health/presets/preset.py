"""A preset: Celery settings, each with its trade-off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import celery


@dataclass(frozen=True, slots=True)
class Setting:
    """One Celery setting. ``trade_off`` says what the value gives and what it costs."""

    name: str
    value: Any
    trade_off: str
    since: tuple[int, int] = (5, 3)
    """The first Celery with this setting. It is left out for older ones."""


class Preset(dict[str, Any]):
    """Settings for ``app.conf.update(...)``. Join presets with ``|``; the right one takes precedence.

    Settings that are dicts, such as ``broker_transport_options``, are joined key by key. The right side may
    be a plain dict with settings of your own.
    """

    trade_offs: Mapping[str, str]
    """The trade-off of each setting, by the setting's name."""

    def __init__(self, settings: Iterable[Setting] = ()) -> None:
        known = [setting for setting in settings if setting.since <= _celery_version()]
        super().__init__({setting.name: setting.value for setting in known})
        self.trade_offs = {setting.name: setting.trade_off for setting in known}

    def __or__(self, other: Mapping[str, Any]) -> "Preset":  # type: ignore[override]
        return _joined(self, other)

    def __ror__(self, other: Mapping[str, Any]) -> "Preset":  # type: ignore[override]
        return _joined(other, self)

    __ior__ = __or__  # type: ignore[assignment]


class PresetError(ValueError):
    """An argument of a preset is invalid. The message says what to use instead."""


def _joined(left: Mapping[str, Any], right: Mapping[str, Any]) -> Preset:
    joined = Preset()
    joined.update(left)
    joined.trade_offs = {**getattr(left, "trade_offs", {}), **getattr(right, "trade_offs", {})}
    for name, value in right.items():
        own = joined.get(name)
        joined[name] = {**own, **value} if isinstance(own, dict) and isinstance(value, dict) else value
    return joined


def _celery_version() -> tuple[int, int]:
    major, minor = celery.__version__.split(".")[:2]
    return int(major), int(minor)
