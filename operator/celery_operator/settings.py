"""How one operator process runs: its flags, their environment variables, and what is nobody's to set."""

import argparse
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from celery_operator.kube import SERVICE_ACCOUNT

DEFAULT_PROBE_IMAGE = "celery-operator-probe:0.1.0"

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
    """Where CeleryDeployments are looked after; empty means everywhere."""
    probe_image: str = DEFAULT_PROBE_IMAGE
    probe_image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    reconcile_seconds: float = 4
    """Between two looks at one CeleryDeployment that nothing woke."""
    report_access: Literal["direct", "proxy"] = "direct"
    """How sidecars are asked: at the pod's address, or through the API server's pod proxy."""
    port: int = 8080
    """For /livez, /readyz and /metrics; 0 takes any free port."""
    log_level: str = "info"
    log_format: Literal["json", "text"] = "json"

    scaling_reconcile_seconds: float = 1
    """The same for one that follows its load or drains workers."""
    secret_poll_seconds: float = 1.5
    """Secrets are got by name, never watched, so a deleted probe Secret shows only when we look."""
    repair_debounce_seconds: float = 0.1
    """Changes of a spec or a child that come within this span are one change."""
    reconcile_debounce_seconds: float = 0.4
    """The same for a look at pods and broker, which costs more."""
    reconcile_limit_seconds: float = 20
    """A step that takes longer is ended and counted as an error."""
    backoff_limit_seconds: float = 30
    request_timeout_seconds: float = 10
    resync_seconds: float = 60
    """Between two LISTs that the caches are compared with."""
    watch_grace_seconds: float = 15
    """How long after a LIST the watch may take to bring the same versions."""


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from flags, then from the environment, then the defaults.

    Raises SystemExit with status 2 and a sentence on standard error for a value that cannot be used.
    """
    values = vars(_parser(environment).parse_args(arguments))
    values.pop("command")
    lease = LeaseSettings(
        namespace=values.pop("lease_namespace"),
        name=values.pop("lease_name"),
        identity=values.pop("identity"),
    )
    return Settings(lease=lease, **values)


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="celery-operator",
        description="Looks after CeleryDeployments. Every flag can be given as an environment variable too.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="watch CeleryDeployments and keep their workers as they should be")

    def flag(name: str, default: object, **options: object) -> None:
        variable = "CELERY_OPERATOR_" + name.lstrip("-").replace("-", "_").upper()
        text = f"{options.pop('help')} (${variable}; default: {default if default != '' else 'none'})"
        # argparse converts and checks a default only if it is a string.
        run.add_argument(name, default=environment.get(variable, str(default)), help=text, **options)  # type: ignore[arg-type]

    flag(
        "--namespaces", "", type=_namespaces, help="comma-separated namespaces to look after; none means all"
    )
    flag("--probe-image", DEFAULT_PROBE_IMAGE, type=_image, help="image of the sidecar and the agent")
    flag(
        "--probe-image-pull-policy",
        "IfNotPresent",
        type=_one_of("Always", "IfNotPresent", "Never"),
        help="when the kubelet pulls it: Always, IfNotPresent or Never",
    )
    flag("--reconcile-seconds", 4, type=_seconds, help="seconds between two looks, 1 to 60")
    flag(
        "--lease-namespace",
        environment.get("POD_NAMESPACE") or _own_namespace(),
        type=_namespace,
        help="namespace of the Lease that elects the leader",
    )
    flag("--lease-name", "celery-operator", type=_object_name, help="name of that Lease")
    flag(
        "--identity",
        environment.get("POD_NAME") or socket.gethostname(),
        type=_identity,
        help="who this process is in the Lease; must differ between replicas",
    )
    flag("--port", 8080, type=_port, help="port of /livez, /readyz and /metrics")
    flag(
        "--report-access",
        "direct",
        type=_one_of("direct", "proxy"),
        help="ask sidecars directly or through the API server's pod proxy (outside the cluster)",
    )
    flag("--log-level", "info", type=_one_of("debug", "info", "warning", "error"), help="least level logged")
    flag("--log-format", "json", type=_one_of("json", "text"), help="json or text")
    return parser


def _own_namespace() -> str:
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except OSError:
        return "default"


class _one_of:  # noqa: N801 - reads as a function where it is used
    """A choice whose refusal names the choices, for flags and variables alike."""

    def __init__(self, *choices: str) -> None:
        self._choices = choices

    def __call__(self, text: str) -> str:
        if text not in self._choices:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(self._choices)}")
        return text


def _namespaces(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_namespace(part.strip()) for part in text.split(",") if part.strip()))


def _namespace(text: str) -> str:
    if not _DNS_LABEL.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a namespace: use lower-case letters, digits and '-'"
        )
    return text


def _object_name(text: str) -> str:
    if not _DNS_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a name: use lower-case letters, digits, '-' and '.'"
        )
    return text


def _identity(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty identity cannot hold a Lease: give the pod's name")
    return text


def _image(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an image: write registry/repository:tag")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to 60")
    return seconds


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: use a number from 0 to 65535")
    return int(text)
