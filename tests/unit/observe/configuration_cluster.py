"""Objects of a namespace, and the clock of their reader, as a test sets them."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from celery_operator.kinds import CONFIG_MAP, SECRET, Kind
from celery_operator.observe.configuration import ConfigurationReader

BROKER, FLAGS = (SECRET, "broker"), (CONFIG_MAP, "flags")


class Cluster:
    """Counts the reads, and the changes that the reader reports. ``error`` fails all reads."""

    def __init__(self) -> None:
        self.now = 0.0
        self.objects: dict[tuple[Kind, str], dict[str, Any]] = {}
        self.error: Exception | None = None
        self.gets = self.changes = 0
        self.reads: list[str] = []

    async def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        self.gets += 1
        self.reads.append(name)
        if self.error is not None:
            raise self.error
        return self.objects.get((kind, name))

    def put_url(self, text: str) -> None:
        """Have the Secret ``broker`` hold this text under the key ``url``."""
        self.objects[BROKER] = {"data": {"url": b64encode(text.encode()).decode()}}

    def reader(self, clock: Callable[[], float] | None = None) -> ConfigurationReader:
        return ConfigurationReader(self.get, changed=self._changed, clock=clock or (lambda: self.now))

    def _changed(self) -> None:
        self.changes += 1
