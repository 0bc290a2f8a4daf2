"""What no part of a URL may have: placeholders such as $HOST or {{ host }}, and control characters."""

import re

from celery_health.broker_url import KINDS, BrokerKind, BrokerUrl, UrlError

# In a host any of these characters shows one. A password may have them, so there only the whole form does.
_IN_HOST = re.compile(r"[$<>{}%]")
_WHOLE = re.compile(r"\$\{\w+\}|\$\(\w+\)|\{\{.*\}\}|<[A-Z][A-Z_ -]*>", re.ASCII)
# Only a password may have this form.
_VARIABLE = re.compile(r"\$[A-Z][A-Z0-9_]*", re.ASCII)
_INCOMPLETE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)(?::/|//)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def is_placeholder(text: str) -> bool:
    """Whether the whole text is one."""
    return bool(_WHOLE.fullmatch(text) or _VARIABLE.fullmatch(text))


def meant_scheme(text: str) -> str:
    """The scheme with ``://`` that a text without one lacks a character of; empty if it shows none."""
    found = _INCOMPLETE.match(text)
    return f"{found[1].lower()}://" if found and found[1].lower() in KINDS else ""


def _placeholder(url: BrokerUrl, rest: str) -> str | None:
    """The first one in the parts of the URL, as ``rest``, the text after the scheme, has it."""
    found = [url.host] if ":" not in url.host and _IN_HOST.search(url.host) else []
    names = [part for part in (url.username, url.vhost, url.database_name) if part]
    parts = re.split("[:/@?&]", rest) if url.kind is BrokerKind.OTHER else [*names, url.password or ""]
    found += [part for part in names if _VARIABLE.fullmatch(part)]
    found += [part for part in parts if _WHOLE.fullmatch(part)]
    if not found:
        return None
    # As it is written: a host has lost its capital letters.
    at = rest.lower().rfind(found[0].lower())
    return found[0] if at < 0 else rest[at : at + len(found[0])]


def checked(url: BrokerUrl) -> BrokerUrl:
    """The URL itself.

    Raises:
        UrlError: it has a control character, or its host is none.
    """
    return _with_host_name(_without_control_characters(url))


def without_placeholder(url: BrokerUrl, rest: str) -> BrokerUrl:
    """The URL itself. ``rest``: the text after its scheme.

    Raises:
        UrlError: it has a placeholder, which would be asked for as a host, or sent as a password.
    """
    found = _placeholder(url, rest)
    if found is None:
        return url
    where = "" if found == rest else f" in the {url.scheme} URL"
    raise UrlError(f"{found!r}{where} is a placeholder: replace it with its value.")


def _without_control_characters(url: BrokerUrl) -> BrokerUrl:
    """The URL itself. A line break could end a command and begin another, in the protocol of any server."""
    parts = {
        "host": (url.host,),
        "user": (url.username,),
        "password": (url.password,),
        "path": (url.vhost, url.database_name, url.path),
        "query": (*url.query, *url.query.values()),
    }
    for name, values in parts.items():
        if any(_CONTROL.search(value) for value in values if value):
            raise UrlError(
                f"The {name} of the {url.scheme} URL contains a control character, such as a line break "
                "(%0A): remove it."
            )
    return url


def _with_host_name(url: BrokerUrl) -> BrokerUrl:
    """The URL itself. Python raises an error of its own when it has to resolve any other host."""
    try:
        url.host.encode("idna")
    except UnicodeError:
        raise UrlError(
            f"{url.host[:80]!r} in the {url.scheme} URL is no host name: a part between two dots is empty, "
            "longer than 63 characters or has characters that no host name may have."
        ) from None
    return url
