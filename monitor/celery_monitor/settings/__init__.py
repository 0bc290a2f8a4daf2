"""How one monitor runs: its options, their environment variables, and what they are made into."""

from celery_monitor.settings.access import (
    AccessSettings,
    JwtSettings,
    ProxyIdentity,
    RateLimit,
    Role,
    StaticToken,
)
from celery_monitor.settings.groups import HistorySettings, ServerSettings, Settings
from celery_monitor.settings.problem import SettingsError

__all__ = [
    "AccessSettings",
    "HistorySettings",
    "JwtSettings",
    "ProxyIdentity",
    "RateLimit",
    "Role",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "StaticToken",
]
