"""The token of the sidecar: a value, or a file that is read again for every request that needs it."""

from pathlib import Path

from celery_health.known_secrets import remember
from celery_probe.sidecar.regular_file import read_file

MOST_BYTES = 4096


class Token:
    """``file`` is that of a mounted Secret: the kubelet changes it about a minute after the Secret.

    While the file cannot be read, the last token that it held stays in force, or ``value`` before the first.
    """

    def __init__(self, value: str = "", file: Path | None = None) -> None:
        self._value = value
        self._file = file

    def current(self) -> str:
        """The token; empty: there is none."""
        if self._file is not None:
            try:
                # A mounted Secret consists of links, which the kubelet makes.
                text = read_file(self._file, MOST_BYTES, links=True).decode(errors="replace").strip()
            except OSError:
                text = ""
            if text:
                self._value = text
                remember(text)
        return self._value
