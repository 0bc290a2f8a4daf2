"""Copies the agent to the volume shared with the worker, ready for the worker's own Python to run."""

import shutil
from pathlib import Path

AGENT = Path(__file__).parent / "agent"
READABLE = 0o644
ENTERABLE = 0o755
# Worker and sidecar may run as different users. No sticky bit: each replaces what the other wrote.
WRITABLE_BY_ALL = 0o777


def install(directory: Path) -> None:
    """Make ``python DIRECTORY worker ...`` run Celery with the agent inside, which reports in ``run/``.

    ``python DIRECTORY/stop.py`` is the hook before a worker's stop.

    Files of an earlier install are replaced; those in ``run/`` stay. Raises OSError if it cannot write.
    """
    package = directory / "celery_probe"
    agent = package / "agent"
    agent.mkdir(parents=True, exist_ok=True)
    for script in ("__main__.py", "stop.py"):
        _copy(AGENT / script, directory / script)
    _copy(AGENT.parent / "__init__.py", package / "__init__.py")
    for source in sorted(AGENT.glob("*.py")):
        _copy(source, agent / source.name)
    for folder in (package, agent):
        folder.chmod(ENTERABLE)
    run = directory / "run"
    run.mkdir(exist_ok=True)
    run.chmod(WRITABLE_BY_ALL)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(READABLE)
