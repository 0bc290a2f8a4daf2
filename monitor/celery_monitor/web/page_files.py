"""The files of the page: read, joined, compressed and hashed once."""

import functools
import gzip
import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from celery_health.survey.task.states import SIGNALS
from celery_monitor.web.page_script import joined

FOLDER = Path(__file__).parents[1] / "page"
DOCUMENT = "index.html"
EARLY = "app/early.js"
"""A script of its own: it runs before everything else."""
LIBRARIES = "vendor/libraries.js"
SCRIPT = "app/page.js"
"""All modules of the page but the libraries."""
STYLES = "styles/page.css"
"""All style sheets."""
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
    """All files by their path below the version, such as ``app/page.js``. ``version`` is their hash."""

    files: Mapping[str, PageFile]
    version: str
    template: str

    def document(self, prefix: str) -> bytes:
        """The HTML of every screen, for a browser that sees the monitor below ``prefix``."""
        static = f"{prefix}{STATIC}/{self.version}"
        values = {"prefix": prefix, "static": static, "signals": " ".join(SIGNALS)}
        return _SLOT.sub(lambda slot: html.escape(values[slot[1]]), self.template).encode()


@functools.cache
def page_files() -> PageFiles:
    """The files of this installation."""
    template = (FOLDER / DOCUMENT).read_text(encoding="utf-8")
    files = {name: _file(name, text) for name, text in _served().items()}
    digest = hashlib.sha256()
    for name, file in files.items():
        digest.update(f"{name} {len(file.body)}\n".encode() + file.body)
    return PageFiles(files, digest.hexdigest()[:16], template)


def sources() -> dict[str, str]:
    """The texts in the folder by their path, such as ``app/main.js``."""
    return {
        file.relative_to(FOLDER).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(FOLDER.glob("*/*"))
        if file.suffix in _MEDIA_TYPES
    }


def _served() -> dict[str, str]:
    """As few files as possible, because each makes the first paint later."""
    found = sources()
    modules = {name: text for name, text in found.items() if name.endswith(".js")}
    styles = {name: text for name, text in found.items() if name.endswith(".css")}
    early, libraries = modules.pop(EARLY), modules.pop(LIBRARIES)
    return {
        EARLY: early,
        LIBRARIES: libraries,
        SCRIPT: joined(modules, LIBRARIES),
        STYLES: "\n".join(styles.values()),
    } | {name: text for name, text in found.items() if not name.endswith((".js", ".css"))}


def _file(name: str, text: str) -> PageFile:
    body = text.encode()
    return PageFile(body, gzip.compress(body, 9, mtime=0), _MEDIA_TYPES[Path(name).suffix])
