"""How the running program was given its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from celery_monitor.settings.setting import Given, ValueSource


@dataclass(frozen=True, slots=True)
class Start:
    """The options of the start. ``file`` is the settings file, None if the user has no data folder."""

    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The converted values, by the names of the settings."""
    given: Mapping[str, Given] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """What was given, and where. A setting that is not here has its default."""
    file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The variables of the start: loading an application may change those of the process."""

    def with_hint(self, message: str) -> str:
        """The message of a refused start, with the place of saved settings if there are any."""
        if all(one.source is not ValueSource.FILE for one in self.given.values()):
            return message
        return f"{message.rstrip('.')}. Some settings are saved in {self.file}."
