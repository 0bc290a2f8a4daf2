"""The files of the page: read, compressed and hashed once."""

import functools
import gzip
import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "page"
DOCUMENT = "index.html"
STATIC = "/monitoring/static"
"""Below the prefix. The hash of all files follows, so that a file never changes below its URL."""

_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
_SLOT = re.compile(r"\{\{([a-z]+)\}\}")


@dataclass(frozen=True)
class PageFile:
    """One file, and the same compressed with gzip."""

    body: bytes
    compressed: bytes
    media_type: str


@dataclass(frozen=True)
class PageFiles:
    """All files by their path below the folder, such as ``app/main.js``. ``version`` is their hash."""

    files: Mapping[str, PageFile]
    version: str
    template: str

    def document(self, prefix: str) -> bytes:
        """The HTML of every screen, for a browser that sees the monitor below ``prefix``."""
        static = html.escape(f"{prefix}{STATIC}/{self.version}")
        values = {
            "prefix": html.escape(prefix),
            "static": static,
            "styles": self._links('<link rel="stylesheet" href="{}">', ".css", static),
            "modules": self._links('<link rel="modulepreload" href="{}">', ".js", static),
        }
        return _SLOT.sub(lambda slot: values[slot[1]], self.template).encode()

    def _links(self, link: str, suffix: str, static: str) -> str:
        """One line for each file: a browser that knows all of them fetches them side by side."""
        names = (html.escape(name) for name in self.files if name.endswith(suffix))
        return "\n".join(link.format(f"{static}/{name}") for name in names)


@functools.cache
def page_files() -> PageFiles:
    """The files of this installation."""
    found = {file.relative_to(FOLDER).as_posix(): file.read_bytes() for file in sorted(FOLDER.glob("*/*"))}
    template = (FOLDER / DOCUMENT).read_text(encoding="utf-8")
    files = {name: _file(name, body) for name, body in found.items() if Path(name).suffix in _MEDIA_TYPES}
    digest = hashlib.sha256()
    for name, file in files.items():
        digest.update(f"{name} {len(file.body)}\n".encode() + file.body)
    return PageFiles(files, digest.hexdigest()[:16], template)


def _file(name: str, body: bytes) -> PageFile:
    return PageFile(body, gzip.compress(body, 9, mtime=0), _MEDIA_TYPES[Path(name).suffix])
