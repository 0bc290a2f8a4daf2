"""Flags and their values: what a text means, and what to write instead of one that means nothing."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import click

from celery_health.alerts import RULES
from celery_health.alerts.choice import read_choice
from celery_health.alerts.links import link_base
from celery_health.alerts.rule import Rule
from celery_health.readers.access import Network

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class BrokerNetworks:
    """Where brokers and result backends may be. Without ``allowed`` everywhere but in ``refused``."""

    allowed: tuple[Network, ...] = ()
    refused: tuple[Network, ...] = ()


ALL_NETWORKS = BrokerNetworks()


class Checked(click.ParamType[Any]):
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


class Flag(click.Option):
    """A flag that an environment variable can give as well, also an empty one."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The value of the flag's own variable, else of a variable that stands in for a missing one."""
        own, *others = self.envvar or ()
        environment: Mapping[str, str] = ctx.find_root().obj
        if own in environment:
            return environment[own]
        return next((environment[one] for one in others if environment.get(one)), None)


def namespaces(text: str) -> tuple[str, ...]:
    """Names with commas between them, each once. Raises ValueError."""
    return tuple(dict.fromkeys(namespace(part.strip()) for part in text.split(",") if part.strip()))


def namespace(text: str) -> str:
    """The name of a namespace. Raises ValueError."""
    if not _DNS_LABEL.fullmatch(text):
        raise ValueError(f"{text!r} is not a namespace: use lower-case letters, digits and '-'")
    return text


def object_name(text: str) -> str:
    """The name of an object. Raises ValueError."""
    if not _DNS_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a name: use lower-case letters, digits, '-' and '.'")
    return text


def identity(text: str) -> str:
    """A name in the Lease. Raises ValueError."""
    if not text.strip():
        raise ValueError("an empty identity cannot hold a Lease: give the pod's name")
    return text


def image(text: str) -> str:
    """An image reference. Raises ValueError."""
    if not text or any(character.isspace() for character in text):
        raise ValueError(f"{text!r} is not an image: write registry/repository:tag")
    return text


def seconds(text: str) -> float:
    """A number of seconds from 1 to 60. Raises ValueError."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 1 <= number <= 60:
        raise ValueError(f"{text!r} is not a number of seconds from 1 to 60")
    return number


def port(text: str) -> int:
    """A port; 0 is any free one. Raises ValueError."""
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ValueError(f"{text!r} is not a port: use a number from 0 to 65535")
    return int(text)


def networks(text: str) -> tuple[Network, ...]:
    """Networks with commas between them. Raises ValueError."""
    return tuple(_network(part.strip()) for part in text.split(",") if part.strip())


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a network: write its first address and its length, such as 10.0.0.0/8"
        ) from None


def alert_rules(text: str) -> tuple[Rule, ...]:
    """All rules, with the changes that a JSON object names. Raises ValueError."""
    return read_choice(RULES, text) if text else RULES


def url(text: str) -> str:
    """The beginning of a URL for links, or nothing. Raises ValueError."""
    return link_base(text) if text else ""


def labels(text: str) -> dict[str, str]:
    """NAME=VALUE with commas between them. Raises ValueError."""
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    for name, equals, value in pairs:
        if not name or not equals or not value:
            raise ValueError(f"{text!r} has no labels: write NAME=VALUE with commas between them")
    return {name: value for name, _, value in pairs}


def peers(text: str) -> tuple[dict[str, Any], ...]:
    """Peers of a NetworkPolicy as JSON. Raises ValueError."""
    try:
        found = json.loads(text) if text else []
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, dict) and one for one in found):
        raise ValueError('not a JSON list of peers: write [{"namespaceSelector": {...}}]')
    return tuple(found)
