"""Run a program of the development environment on each Python that is tested.

`python3 -m tools.each_python pytest tests/unit` runs it on the Python of `.venv`, and on the newest Python of
this machine up to that of the released images. The second has an environment of its own from the same lock
file, such as `.venv-3.13`. No Python is downloaded. With `--second`, the program runs on the second alone.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tools.cluster import devenv
from tools.cluster.errors import ClusterError
from tools.cluster.layout import this_checkout
from tools.cluster.progress import say

Version = tuple[int, int]

SECOND = "--second"

_BASE = re.compile(r"^ARG BASE_IMAGE=python:(\d+)\.(\d+)-slim", re.MULTILINE)


def main(words: Sequence[str]) -> int:
    """Run the program on one Python after the other; the first status that is not 0 ends it."""
    second_alone = words[:1] == [SECOND]
    words = words[1:] if second_alone else words
    if not words:
        say("usage: python3 -m tools.each_python [--second] PROGRAM [ARGUMENT ...]")
        return 2
    try:
        environments = made(this_checkout().checkout)
    except ClusterError as problem:
        say(f"error: {problem}")
        return 1
    say(f"tested on {' and '.join(environments)}")
    tested = list(environments.items())
    for name, folder in tested[1:] if second_alone else tested:
        say(f"on {name}: {' '.join(words)}")
        program, *arguments = words
        status = subprocess.run([folder / "bin" / program, *arguments], check=False).returncode
        if status:
            say(f"failed on {name}")
            return status
    return 0


def made(checkout: Path) -> dict[str, Path]:
    """The environments by the name of their Python, made first where they are not there."""
    main_folder = checkout / ".venv"
    devenv.sync(checkout)
    environments = {_name(main_folder): main_folder}
    shipped = shipped_python((checkout / "Dockerfile").read_text())
    found = newest(version_of(main_folder / "bin" / "python"), shipped, search_path(os.environ, Path.home()))
    if found is not None:
        version, python = found
        folder = checkout / f".venv-{_dotted(version)}"
        devenv.sync(checkout, folder.name, python)
        environments[_name(folder)] = folder
    return environments


def shipped_python(dockerfile: str) -> Version:
    """The Python of the released images."""
    if not (base := _BASE.search(dockerfile)):
        raise ClusterError("the Dockerfile has no line `ARG BASE_IMAGE=python:X.Y-slim`")
    return int(base[1]), int(base[2])


def newest(than: Version | None, shipped: Version, folders: Iterable[Path]) -> tuple[Version, Path] | None:
    """The newest Python up to the shipped one that is newer than another, and its program."""
    if than is None:
        return None
    folders = list(folders)
    for minor in range(shipped[1], than[1], -1):
        wanted = (shipped[0], minor)
        for folder in folders:
            program = folder / f"python{_dotted(wanted)}"
            # pyenv puts a program on PATH for each version, and most of them only print an error.
            if os.access(program, os.X_OK) and version_of(program) == wanted:
                return wanted, program
    return None


def search_path(environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    """The folders on PATH, and those of the versions that pyenv and uv have installed."""
    yield from (Path(folder) for folder in environment.get("PATH", os.defpath).split(os.pathsep) if folder)
    for installed in (
        Path(environment.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(environment.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"),
    ):
        yield from sorted(installed.glob("*/bin"), reverse=True)


def version_of(program: Path) -> Version | None:
    """Of this interpreter; None where it does not run."""
    asking = [str(program), "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        answer = subprocess.run(asking, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode:
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)


def _name(folder: Path) -> str:
    version = version_of(folder / "bin" / "python")
    return f"Python {_dotted(version) if version else '?'} ({folder.name})"


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
