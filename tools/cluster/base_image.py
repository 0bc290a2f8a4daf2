"""A Debian with Python, from packages alone: the base of our images where no registry answers."""

import shutil
from pathlib import Path

from tools.cluster import buildah
from tools.cluster.layout import cache_folder
from tools.cluster.locks import exclusive
from tools.cluster.progress import step
from tools.cluster.shell import run

SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
REVISION = 1
REFERENCE = f"localhost/celery-operator-base:{SUITE}-{REVISION}"
# A container has no reader for them.
DROPPED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists")


def ensure() -> str:
    """The name of the base image, made first where the store lacks it."""
    with exclusive(cache_folder() / "base.lock", "making the base image"):
        if not buildah.exists(REFERENCE):
            with step(f"make a Debian {SUITE} base with debootstrap (first time only)"):
                buildah.sweep()
                _make()
    return REFERENCE


def _make() -> None:
    with buildah.empty_container() as (name, root):
        run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, root])
        for folder in DROPPED:
            _empty(root / folder)
        buildah.buildah("config", "--cmd", '["python3"]', name)
        buildah.buildah("commit", "--quiet", name, REFERENCE)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
