"""Copies the agent to the volume shared with the worker, ready for the worker's own Python to run."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from celery_probe.agent.command import subcommand
from celery_probe.pod import SITE_FOLDER

AGENT = Path(__file__).parent / "agent"
SCRIPTS = (AGENT / "__main__.py", AGENT / "worker" / "stop.py")
SITE = AGENT / "sitecustomize.py"
READABLE = 0o644
ENTERABLE = 0o755
# Worker and sidecar may run as different users. No sticky bit: each replaces what the other wrote.
WRITABLE_BY_ALL = 0o777


def install(directory: Path) -> None:
    """Make ``python DIRECTORY worker ...`` run Celery with the agent inside, which reports in ``run/``.

    ``python DIRECTORY/stop.py`` is the hook before a worker's stop. With ``DIRECTORY/site`` in PYTHONPATH a
    worker that another program starts has the agent too.

    Files of an earlier install are replaced; those in ``run/`` stay. Raises OSError if it cannot write.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for script in SCRIPTS:
        _copy(script, directory / script.name)
    site = directory / SITE_FOLDER
    site.mkdir(exist_ok=True)
    site.chmod(ENTERABLE)
    _copy(SITE, site / SITE.name)
    package = directory / "celery_probe"
    for source in (AGENT.parent / "__init__.py", *sorted(AGENT.rglob("*.py"))):
        target = package / source.relative_to(AGENT.parent)
        target.parent.mkdir(exist_ok=True)
        target.parent.chmod(ENTERABLE)
        _copy(source, target)
    run = directory / "run"
    run.mkdir(exist_ok=True)
    run.chmod(WRITABLE_BY_ALL)


def observed_program(arguments: Sequence[str]) -> str | None:
    """The subcommand that the agent finds in the arguments of ``celery``: it observes worker and beat."""
    return subcommand(arguments)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(READABLE)
