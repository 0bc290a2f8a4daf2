"""Debian from packages alone: the bases of our images where no registry answers."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.images import buildah
from tools.cluster.layout import cache_folder
from tools.cluster.machine.locks import exclusive
from tools.cluster.machine.shell import run
from tools.cluster.progress import step


@dataclass(frozen=True)
class Base:
    """A release of Debian with some packages; raise `revision` when what is made of them changes."""

    suite: str
    packages: tuple[str, ...]
    revision: int

    @property
    def reference(self) -> str:
        """The image's name in the store."""
        return f"localhost/celery-operator-base:{self.suite}-{self.revision}"


PRODUCT = Base("trixie", ("python3", "python3-venv", "ca-certificates"), 1)
"""What the Dockerfile's base is made of, with the same Python: docs/decisions/0011 says why."""

BROKERS = Base("bookworm", ("ca-certificates",), 2)
"""Redis 7.0 and RabbitMQ 3.10, as the integration tests have them."""

# A container has no reader for them.
DROPPED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists")


def ensure(base: Base) -> str:
    """The name of the base image, made first where the store lacks it."""
    with exclusive(cache_folder() / "base.lock", "making the base image"):
        if not buildah.exists(base.reference):
            with step(f"make a Debian {base.suite} base with debootstrap (first time only)"):
                buildah.sweep()
                _make(base)
    return base.reference


def _make(base: Base) -> None:
    with buildah.empty_container() as (name, root):
        included = f"--include={','.join(base.packages)}"
        run(["debootstrap", "--variant=minbase", included, base.suite, root])
        for folder in DROPPED:
            _empty(root / folder)
        buildah.buildah("commit", "--quiet", name, base.reference)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
