"""Where a program keeps the data of its user, by the conventions of each platform."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from celery_health.urls import BrokerUrl
from celery_monitor.settings.problem import SettingsError

NAME = "celery-monitor"


def data_folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """The folder of the monitor's data. Nothing is created.

    Raises:
        SettingsError: the user has no home folder.
    """
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or _home(environment) / "AppData" / "Local") / NAME
    if platform == "darwin":
        return _home(environment) / "Library" / "Application Support" / NAME
    # A relative path is invalid by the XDG specification and does not count.
    folder = Path(environment.get("XDG_DATA_HOME") or "")
    return (folder if folder.is_absolute() else _home(environment) / ".local" / "share") / NAME


def _home(environment: Mapping[str, str]) -> Path:
    if environment.get("HOME"):
        return Path(environment["HOME"])
    try:
        return Path.home()
    except RuntimeError:
        raise SettingsError(
            "this user has no home folder for the history: use --database, or set XDG_DATA_HOME"
        ) from None


def history_file(broker: BrokerUrl, folder: Path) -> Path:
    """The SQLite file of this broker's history. Each broker has one, so that histories do not mix."""
    place = re.sub(r"[^A-Za-z0-9.]+", "-", broker.address).strip("-.")[:100]
    return folder / f"{place or 'history'}.sqlite3"
