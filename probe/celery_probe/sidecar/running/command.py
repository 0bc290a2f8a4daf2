"""From the command that starts Celery to the one that starts it with the agent."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path


class CommandError(ValueError):
    """The command does not start Celery. The message says what to write."""


def with_agent(command: Sequence[str], bundle: Path) -> list[str]:
    """The command for ``celery ...`` or ``python -m celery ...``, with the agent that is in ``bundle``.

    Raises:
        CommandError: it is another command, or its Python does not exist.
    """
    if command and Path(command[0]).name == "celery":
        return [_python_of(command[0]), str(bundle), *command[1:]]
    if list(command[1:3]) == ["-m", "celery"]:
        if shutil.which(command[0]) is None:
            raise CommandError(f"{command[0]} is no program: write the path of the Python that has Celery")
        return [command[0], str(bundle), *command[3:]]
    raise CommandError(
        "write the command that starts Celery, such as celery-probe run celery -A APP worker, or "
        "celery-probe run /srv/app/bin/python -m celery -A APP worker"
    )


def _python_of(program: str) -> str:
    """The Python of the environment that has the program ``celery``."""
    found = shutil.which(program)
    python = Path(found).with_name("python") if found else None
    return str(python) if python and python.exists() else sys.executable
