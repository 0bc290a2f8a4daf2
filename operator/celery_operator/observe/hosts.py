"""Broker addresses as the operator must spell them: its own namespace is not that of the workers."""

import re

_HOST = re.compile(
    r"(?P<before>[a-z][a-z0-9+.-]*://(?:[^/?#;]*@)?)(?P<host>[A-Za-z0-9_-]+)(?=[:/;?]|$)(?![^/;]*@)"
)

_NEVER_SERVICES = {"localhost"}


def seen_from_elsewhere(url: str, namespace: str) -> str:
    """The URL with each one-word host as the Service of that name in ``namespace``.

    A worker finds ``redis`` in its own namespace first; the operator would search another. A host with a dot
    already says where it is. As for workers, the last ``@`` ends the password, which may have more of them.
    """

    def qualified(match: re.Match[str]) -> str:
        host = match["host"]
        if host.lower() in _NEVER_SERVICES or host.isdigit():
            return match[0]
        return f"{match['before']}{host}.{namespace}"

    return _HOST.sub(qualified, url)
