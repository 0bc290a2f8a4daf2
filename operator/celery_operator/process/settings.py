"""How one operator process runs: its flags, their environment variables, and settings without a flag."""

import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import click

from celery_operator.kube import SERVICE_ACCOUNT

DEFAULT_PROBE_IMAGE = "celery-operator-probe:0.1.0"
DEFAULT_MONITOR_IMAGE = "celery-operator-monitor:0.1.0"

PullPolicy = Literal["Always", "IfNotPresent", "Never"]

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """Which Lease makes this process the leader, and how long it may go unrenewed."""

    namespace: str
    name: str
    identity: str
    """Who we are in the Lease. The same identity takes its own Lease back at once after a crash."""
    duration_seconds: float = 20
    """A follower waits this long after the last renewal that it saw."""
    renew_deadline_seconds: float = 15
    """A leader that could not renew for this long gives up, before a follower may start."""
    retry_seconds: float = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the process was started with."""

    lease: LeaseSettings
    namespaces: tuple[str, ...] = ()
    """Namespaces whose CeleryDeployments are reconciled; empty means all."""
    probe_image: str = DEFAULT_PROBE_IMAGE
    probe_image_pull_policy: PullPolicy = "IfNotPresent"
    monitor_image: str = DEFAULT_MONITOR_IMAGE
    monitor_image_pull_policy: PullPolicy = "IfNotPresent"
    reconcile_seconds: float = 4
    """Between two health reconciles of one CeleryDeployment while no object changes."""
    report_access: Literal["direct", "proxy"] = "direct"
    """How sidecars are read: at the pod's address, or through the API server's pod proxy."""
    port: int = 8080
    """For /livez, /readyz and /metrics; 0 takes any free port."""
    log_level: str = "info"
    log_format: Literal["json", "text"] = "json"

    scaling_reconcile_seconds: float = 1
    """The same while a group follows its load or drains workers."""
    secret_poll_seconds: float = 1.5
    """Between two object reconciles. Secrets are read by name and never watched: no event reports that the
    probe Secret was deleted.
    """
    repair_debounce_seconds: float = 0.1
    """Changes of a spec or an owned object that come within this span are one change."""
    reconcile_debounce_seconds: float = 0.4
    """The same for the health reconcile, which costs more."""
    reconcile_limit_seconds: float = 20
    """A reconcile that takes longer is ended and counted as an error."""
    backoff_limit_seconds: float = 30
    request_timeout_seconds: float = 10
    resync_seconds: float = 60
    """Between two LISTs that the caches are compared with."""
    watch_grace_seconds: float = 15
    """How long after a LIST the watch may take to bring the same versions."""


class _Checked(click.ParamType[Any]):
    """A value that a function converts. The ValueError of the function says what to write instead."""

    def __init__(self, name: str, convert: Callable[[str], object]) -> None:
        self.name = name
        self._convert = convert

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The converted value, or a usage error."""
        try:
            return self._convert(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Flag(click.Option):
    """A flag that an environment variable can give as well, also an empty one."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The value of the flag's own variable, else of a variable that stands in for a missing one."""
        own, *others = self.envvar or ()
        environment: Mapping[str, str] = ctx.find_root().obj
        if own in environment:
            return environment[own]
        return next((environment[one] for one in others if environment.get(one)), None)


def _namespaces(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_namespace(part.strip()) for part in text.split(",") if part.strip()))


def _namespace(text: str) -> str:
    if not _DNS_LABEL.fullmatch(text):
        raise ValueError(f"{text!r} is not a namespace: use lower-case letters, digits and '-'")
    return text


def _object_name(text: str) -> str:
    if not _DNS_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a name: use lower-case letters, digits, '-' and '.'")
    return text


def _identity(text: str) -> str:
    if not text.strip():
        raise ValueError("an empty identity cannot hold a Lease: give the pod's name")
    return text


def _image(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise ValueError(f"{text!r} is not an image: write registry/repository:tag")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= 60:
        raise ValueError(f"{text!r} is not a number of seconds from 1 to 60")
    return seconds


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ValueError(f"{text!r} is not a port: use a number from 0 to 65535")
    return int(text)


def _own_namespace() -> str:
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except OSError:
        return "default"


_PULL_POLICY = click.Choice(get_args(PullPolicy))
_DEFAULTS = {field.name: field.default for field in fields(Settings)} | {"namespaces": ""}

_Command = Callable[..., Settings]


def _flag(
    name: str,
    kind: click.ParamType[Any],
    text: str,
    *,
    default: Callable[[], str] | str | None = None,
    shown: str | bool = True,
    variables: tuple[str, ...] = (),
) -> Callable[[_Command], _Command]:
    """A flag whose default is that of the setting of the same name, unless ``default`` gives it.

    ``shown``: what the help calls the default. ``variables``: environment variables that count where the
    flag's own is not set.
    """
    setting = name.removeprefix("--").replace("-", "_")
    return click.option(
        name,
        setting,
        cls=_Flag,
        type=kind,
        default=_DEFAULTS[setting] if default is None else default,
        envvar=(f"CELERY_OPERATOR_{setting.upper()}", *variables),
        show_envvar=True,
        show_default=shown,
        help=text,
    )


@click.group(no_args_is_help=False)
def _cli() -> None:
    """Reconcile CeleryDeployments. Every flag can be given as an environment variable too."""


@_cli.command(name="run")
@_flag("--namespaces", _Checked("names", _namespaces), "Comma-separated namespaces to watch; none means all.")
@_flag("--probe-image", _Checked("image", _image), "Image of the sidecar and the agent.")
@_flag("--probe-image-pull-policy", _PULL_POLICY, "When the kubelet pulls the probe image.")
@_flag("--monitor-image", _Checked("image", _image), "Image of the monitor.")
@_flag("--monitor-image-pull-policy", _PULL_POLICY, "When the kubelet pulls the monitor's image.")
@_flag("--reconcile-seconds", _Checked("seconds", _seconds), "Seconds between two reconciles, 1 to 60.")
@_flag(
    "--lease-namespace",
    _Checked("name", _namespace),
    "Namespace of the Lease that elects the leader.",
    default=_own_namespace,
    shown="that of the pod",
    variables=("POD_NAMESPACE",),
)
@_flag("--lease-name", _Checked("name", _object_name), "Name of that Lease.", default="celery-operator")
@_flag(
    "--identity",
    _Checked("name", _identity),
    "Name of this process in the Lease; must differ between replicas.",
    default=socket.gethostname,
    shown="the host's name",
    variables=("POD_NAME",),
)
@_flag("--port", _Checked("port", _port), "Port of /livez, /readyz and /metrics; 0 takes any free port.")
@_flag(
    "--report-access",
    click.Choice(["direct", "proxy"]),
    "Read sidecars directly, or through the API server's pod proxy (outside the cluster).",
)
@_flag("--log-level", click.Choice(["debug", "info", "warning", "error"]), "Lowest level that is logged.")
@_flag("--log-format", click.Choice(["json", "text"]), "Format of the log.")
def _run(lease_namespace: str, lease_name: str, identity: str, **values: Any) -> Settings:
    """Watch CeleryDeployments, and create, scale and heal what they describe."""
    return Settings(lease=LeaseSettings(lease_namespace, lease_name, identity), **values)


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from flags, then from the environment, then the defaults.

    Raises SystemExit: with status 2 and a sentence on standard error for a value that cannot be used, with
    status 0 after ``--help``.
    """
    try:
        settings = _cli.main(
            args=list(arguments), prog_name="celery-operator", standalone_mode=False, obj=environment
        )
    except click.UsageError as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    if not isinstance(settings, Settings):
        raise SystemExit(settings)
    return settings
