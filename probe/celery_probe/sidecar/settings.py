"""The sidecar's settings, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from celery_health.wire.names import (
    BROKER_VARIABLE,
    DIRECTORY,
    DIRECTORY_VARIABLE,
    PORT,
    PORT_VARIABLE,
    ROLE_VARIABLE,
    RUN_DIRECTORY,
    TOKEN_FILE_VARIABLE,
    TOKEN_VARIABLE,
    Role,
)
from celery_probe.sidecar.token import Token


class SettingsError(ValueError):
    """An environment variable has a value that cannot be used; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One sidecar's settings."""

    directory: Path
    """The directory shared with the worker, as ``celery-probe install`` filled it."""

    port: int
    """The TCP port for probes, reports and orders, on all addresses."""

    token: Token
    """For the report and for orders. Where it is empty, both are refused."""

    broker_url: str = field(repr=False)
    """The worker's broker URL. Empty: the broker is not checked."""

    role: Role = Role.WORKER
    """What runs in this pod: a worker, or beat."""

    @property
    def run_directory(self) -> Path:
        """The folder that agent and sidecar share."""
        return self.directory / RUN_DIRECTORY


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a value cannot be used.
    """
    directory = Path(environment.get(DIRECTORY_VARIABLE) or DIRECTORY)
    if not directory.is_dir():
        raise SettingsError(
            f"{DIRECTORY_VARIABLE} is {str(directory)!r}, which is not a directory: write the mount path of "
            "the volume shared with the worker."
        )
    return Settings(
        directory=directory,
        port=read_port(environment),
        token=read_token(environment),
        broker_url=environment.get(BROKER_VARIABLE, "").strip(),
        role=_role(environment.get(ROLE_VARIABLE) or Role.WORKER),
    )


def read_port(environment: Mapping[str, str]) -> int:
    """The port alone. Raises SettingsError."""
    text = environment.get(PORT_VARIABLE) or str(PORT)
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise SettingsError(f"{PORT_VARIABLE} is {text!r}: write a number between 1 and 65535, such as {PORT}.")


def read_token(environment: Mapping[str, str]) -> Token:
    """The token alone."""
    file = environment.get(TOKEN_FILE_VARIABLE)
    return Token(environment.get(TOKEN_VARIABLE, "").strip(), Path(file) if file else None)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        roles = " or ".join(Role)
        raise SettingsError(f"{ROLE_VARIABLE} is {text!r}: write {roles}.") from None
