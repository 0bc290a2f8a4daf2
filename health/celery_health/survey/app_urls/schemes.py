"""The scheme and the host of a broker without a scheme: kombu takes the whole text for the name of a host."""

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from celery_health.broker_url import KINDS
from celery_health.url_parts.checks import meant_scheme
from celery_health.urls import UrlError

_HOST = re.compile(r"[^\s:/@?#%\[\]]+")
_AMQP = frozenset(scheme for scheme, kind in KINDS.items() if kind.is_amqp)
_IPV6_OF_AMQP = re.compile(r"\[[.0-9a-f:]+\](:\d+)?")
"""py-amqp alone takes brackets, and the port behind them, where there is no scheme."""


def with_scheme(text: str, conf: Any) -> str:
    """The text of a broker with a scheme.

    The other parts of a failover broker without a scheme are those of the first. ``broker_transport``
    replaces the scheme of the first.

    Raises:
        UrlError: no host can have such a name.
    """
    transport = conf.broker_transport or "amqp"
    first, *others = text.split(";")
    if not first:
        return text
    if "://" not in first:
        first = f"{transport}://{_host_of(first, transport)}"
    elif conf.broker_transport in KINDS and "+" not in first.partition("://")[0]:
        first = f"{transport}://{first.partition('://')[2]}"
    completed = [one if not one or "://" in one else _at_other_host(first, one) for one in others]
    return ";".join([first, *completed])


def _at_other_host(first: str, text: str) -> str:
    scheme, _, rest = first.partition("://")
    parts = urlsplit(f"http://{rest}")
    login, at, before = parts.netloc.rpartition("@")
    try:
        port = f":{parts.port}" if parts.port and not text.startswith("[") else ""
    except ValueError:  # it quotes the text, which may be a part of the password
        raise UrlError("its first URL has no readable port: percent-encode the password.") from None
    host = _host_of(text, scheme)
    ending = rest.removeprefix(f"{login}{at}{before}")
    return f"{scheme}://{login}{at}{host}{port}{ending}"


def _host_of(text: str, transport: str) -> str:
    if _HOST.fullmatch(text.strip()) or (transport in _AMQP and _IPV6_OF_AMQP.fullmatch(text)):
        return text
    if _is_ipv6(text):
        return f"[{text}]"
    meant = meant_scheme(text)
    advice = f"begin it with {meant}" if meant else f"write {transport}:// in front of it"
    if not meant and transport == "amqp":
        advice += ", or redis:// if it is a Redis"
    raise UrlError(
        "it has no scheme, so Celery takes all of it for the name of a host, and does not find that host: "
        f"{advice}."
    )


def _is_ipv6(text: str) -> bool:
    try:
        return bool(ip_address(text).version == 6)
    except ValueError:
        return False
