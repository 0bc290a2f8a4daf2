"""The development environment `.venv`, made from the lock file by a pinned uv."""

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.cluster.errors import ClusterError
from tools.cluster.layout import cache_folder
from tools.cluster.machine import packages
from tools.cluster.machine.locks import exclusive
from tools.cluster.machine.shell import run
from tools.cluster.progress import step
from tools.cluster.versions import UV


def sync(
    checkout: Path,
    folder: str = ".venv",
    python: str | Path = sys.executable,
    extras: Sequence[str] = (),
) -> None:
    """Make an environment what uv.lock says; it does nothing when it is that already.

    One that is there keeps the Python that it was made with. With ``extras`` it has only what these programs
    need, without them everything that a developer needs.
    """
    program = uv()
    chosen = ["--no-dev", *(f"--extra={one}" for one in extras)] if extras else []
    environment = {"UV_PROJECT_ENVIRONMENT": folder, "UV_PYTHON_DOWNLOADS": "never"}
    if not (checkout / folder / "bin" / "python").exists():
        environment["UV_PYTHON"] = str(python)
    with exclusive(cache_folder() / "venv.lock", f"making {folder}"), step(f"sync {folder} with uv.lock"):
        run([program, "sync", "--frozen", "--quiet", *chosen], env=environment, cwd=checkout)


def uv() -> Path:
    """The pinned uv: the one on PATH when it is that version, else one of our own in the cache."""
    found = shutil.which("uv")
    if found and run([found, "--version"]).split()[1] == UV:
        return Path(found)
    target = cache_folder() / "uv" / UV / "uv"
    with exclusive(cache_folder() / "uv.lock", "installing uv"):
        if not target.exists():
            with step(f"install uv {UV} (first time only)"):
                _install_uv(target)
    return target


def _install_uv(target: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        packages.install("python3-venv")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        run([sys.executable, "-m", "venv", scratch])
        run([f"{scratch}/bin/python", "-m", "pip", "install", "--quiet", f"uv=={UV}"])
        if not Path(f"{scratch}/bin/uv").exists():
            raise ClusterError(f"pip installed uv {UV} without its program")
        Path(f"{scratch}/bin/uv").replace(target)
