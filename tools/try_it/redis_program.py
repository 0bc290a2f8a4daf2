"""A Redis server to start: one that is installed, or Debian's packages unpacked into the cache folder."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.cluster.errors import ClusterError, MissingToolError
from tools.cluster.layout import cache_folder
from tools.cluster.machine.locks import exclusive
from tools.cluster.machine.shell import run
from tools.cluster.progress import step

NAMES = ("redis-server", "valkey-server")
# Servers are in folders that are not on every user's PATH.
FOLDERS = ("/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin", "/opt/local/bin")
HELP = (
    "Redis is missing. Install it, then run `make try` again: `sudo apt-get install redis-server`, "
    "`sudo dnf install redis` or `brew install redis`."
)


@dataclass(frozen=True)
class RedisProgram:
    """The server's program, and the variables that it needs."""

    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def find_redis(search_path: str | None = None) -> RedisProgram:
    """A Redis of this machine, else one that is unpacked for this user alone.

    Raises:
        MissingToolError: there is none; the message says how to install one.
    """
    given = os.environ.get("PATH", os.defpath) if search_path is None else search_path
    installed = _installed(os.pathsep.join((given, *FOLDERS)) if search_path is None else given)
    return RedisProgram(installed) if installed else unpacked(cache_folder() / "redis")


def unpacked(folder: Path) -> RedisProgram:
    """Debian's Redis in this folder, fetched and unpacked the first time. Nothing is installed.

    Raises:
        MissingToolError: this machine has no apt, or apt has no such package.
    """
    program = folder / "usr" / "bin" / "redis-server"
    if not program.exists():
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise MissingToolError(HELP)
        with exclusive(folder.with_suffix(".lock"), "fetching Redis"), step("fetch Redis (first time only)"):
            if not program.exists():
                _fetch(folder)
    libraries = dict.fromkeys(str(file.parent) for file in folder.rglob("*.so*"))
    return RedisProgram(program, {"LD_LIBRARY_PATH": os.pathsep.join(libraries)})


def _installed(path: str) -> Path | None:
    found = (shutil.which(name, path=path) for name in NAMES)
    return next((Path(one) for one in found if one), None)


def _fetch(folder: Path) -> None:
    """Download the packages that are not installed, and unpack them side by side."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        files = Path(scratch)
        # Lists and archives of our own: those of the system belong to root.
        own = ["-o", f"Dir::State::lists={files}/lists", "-o", f"Dir::Cache={files}/cache"]
        apt = ["apt-get", "-q", "-y", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=", *own]
        for name in ("lists/partial", "cache/archives/partial", "packages", "root"):
            (files / name).mkdir(parents=True)
        try:
            run([*apt, "update"])
            printed = run([*apt, "install", "--no-install-recommends", "--print-uris", "redis-server"])
            run([*apt, "download", *package_names(printed)], cwd=files / "packages")
        except ClusterError as error:
            raise MissingToolError(f"{HELP}\nIt could not be fetched without root: {error}") from None
        for package in sorted((files / "packages").glob("*.deb")):
            run(["dpkg-deb", "-x", package, files / "root"])
        if not (files / "root" / "usr" / "bin" / "redis-server").exists():
            raise MissingToolError(f"{HELP}\nThe packages of this system have no redis-server.")
        (files / "root").replace(folder)


def package_names(printed: str) -> list[str]:
    """The packages that ``apt-get --print-uris`` lists, as ``'URI' NAME_VERSION_ARCH.deb SIZE HASH``."""
    files = [line.split()[1] for line in printed.splitlines() if line.startswith("'")]
    return [file.partition("_")[0] for file in files]
