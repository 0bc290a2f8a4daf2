"""One configuration of an application, and what its name has to say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Settings = Mapping[str, Any]

HOST = "127.0.0.1"
NONE, REQUIRED = 0, 2
"""``ssl.CERT_NONE`` and ``ssl.CERT_REQUIRED`` as JSON has them."""
SENTINEL = f"sentinel://:hunter2@{HOST}:<sentinel>/0"
_PARTS = {
    f"broker_{part}"
    for part in ("transport", "user", "password", "vhost", "port", "login_method", "read_url")
}


@dataclass(frozen=True)
class Case:
    """One configuration.

    ``unclear``: this program may say that it does not know. ``otherwise_in``: versions of Celery that do
    something else than the one that this program is tested with. ``backend``: the result backend counts.
    ``beyond_url``: those who know the URL alone cannot know what Celery refuses.
    """

    settings: Settings
    unclear: bool = False
    otherwise_in: tuple[str, ...] = ()
    backend: bool = False
    beyond_url: bool = False

    @property
    def is_url(self) -> bool:
        """Whether the URL says all of it, so that those who know no more have to be right as well."""
        return not self.beyond_url and self.settings.keys() <= {"broker_url", "broker_transport_options"}

    @property
    def replaces_url(self) -> bool:
        """Whether settings stand for parts of the URL, so that it says nothing to those who know no more."""
        return not self.settings.keys().isdisjoint(_PARTS)

    def words(self) -> Iterator[str]:
        """The settings, each as NAME=VALUE."""
        for name, value in self.settings.items():
            if not (self.backend and name == "broker_url"):
                yield f"{name}={value}"
