"""Building images without a daemon, in a store of our own below the cache folder."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tools.cluster.layout import cache_folder
from tools.cluster.machine.mounts import mounts_below
from tools.cluster.machine.shell import run, succeeds

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# runc would want more rights than a container that runs this has.
ENVIRONMENT = {"BUILDAH_ISOLATION": "chroot"}


def buildah(*words: str | Path) -> str:
    """Run one buildah command on our store."""
    return run(_command(*words), env=ENVIRONMENT)


def exists(reference: str) -> bool:
    """Whether the store has an image of that name."""
    return succeeds(_command("inspect", "--type", "image", reference), env=ENVIRONMENT)


def megabytes(reference: str) -> float:
    """The size of an image."""
    found = json.loads(buildah("images", "--json", reference))
    return float(sum(_bytes(one["size"]) for one in found[:1])) / 1e6


def build(
    context: Path,
    reference: str,
    *,
    target: str | None = None,
    arguments: Mapping[str, str],
    file: Path | None = None,
) -> None:
    """Build a Dockerfile; the host's certificates are there while it runs, and not in the image."""
    words: list[str | Path] = ["bud", "--layers", "--quiet", "--tag", reference]
    if CERTIFICATES.exists():
        words += ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
    for name, value in arguments.items():
        words += ["--build-arg", f"{name}={value}"]
    words += ["--target", target] if target else []
    words += ["--file", file] if file else []
    buildah(*words, context)


def save(reference: str, archive: Path, name: str) -> None:
    """Write an image as a docker-archive in which it is called `name`."""
    buildah("push", "--quiet", reference, f"docker-archive:{archive}:{name}")


def forget_older(repository: str, keep: int) -> None:
    """Remove all but the newest images of a repository, and what builds left without a name a day ago."""
    listed: list[dict[str, Any]] = json.loads(buildah("images", "--json") or "[]") or []
    newest_first = sorted(listed, key=lambda one: str(one["createdatraw"]), reverse=True)
    named = [
        one for one in newest_first if any(_repository(name) == repository for name in one["names"] or [])
    ]
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    # Younger ones without a name are the layers that the next build starts from.
    nameless = [one for one in newest_first if not one["names"] and str(one["createdatraw"]) < yesterday]
    for one in [*named[keep:], *nameless]:
        succeeds(_command("rmi", "--force", str(one["id"])), env=ENVIRONMENT)


def sweep() -> None:
    """Remove what a killed build left; the caller holds the lock that keeps other builds out."""
    for point in mounts_below(cache_folder() / "containers"):
        # Only what is mounted inside a container: the store's own mounts are buildah's to undo.
        if "merged" in point.parent.parts:
            run(["umount", "--lazy", point])
    buildah("rm", "--all")


@contextmanager
def empty_container() -> Iterator[tuple[str, Path]]:
    """A container from scratch, by name and mounted root; removed at the end."""
    name = buildah("from", "scratch").strip()
    try:
        yield name, Path(buildah("mount", name).strip())
    finally:
        buildah("rm", name)


def _command(*words: str | Path) -> list[str | Path]:
    run_folder = f"/run/celery-operator-build-{os.geteuid()}"
    store = [
        "--root",
        str(cache_folder() / "containers"),
        "--runroot",
        run_folder,
        "--storage-driver",
        "overlay",
    ]
    return ["buildah", *store, *words]


def _repository(name: str) -> str:
    return name.rpartition(":")[0]


def _bytes(text: str) -> float:
    number, unit = text.split()
    return float(number) * {"B": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9}[unit.upper()]
