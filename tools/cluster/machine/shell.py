"""Running other programs, with their own words in the error when they fail."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.cluster.errors import ClusterError

TAIL_LINES = 20


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
) -> str:
    """Run to the end and return standard output; raise ClusterError with the last lines of both streams."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        tail = "\n".join((result.stdout + result.stderr).strip().splitlines()[-TAIL_LINES:])
        raise ClusterError(f"`{' '.join(words)[:300]}` ended with {result.returncode}:\n{tail}")
    return result.stdout


def succeeds(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> bool:
    """Whether the command ends with 0, which one that is not installed does not; its output is dropped."""
    if shutil.which(str(command[0])) is None:
        return False
    words = [str(word) for word in command]
    merged = {**os.environ, **(env or {})}
    return subprocess.run(words, env=merged, capture_output=True, check=False).returncode == 0
