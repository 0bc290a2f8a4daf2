"""A Django project whose commands run as a user runs them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from tools.testbed.celery_versions import DJANGO
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import HEALTH, Outcome, environment

PROJECT = Path(__file__).parent / "project"


def project_environment(broker: str, **more: str) -> dict[str, str]:
    """What the project's programs need. Of this checkout only ``celery_health`` can be imported."""
    return {**environment(broker), "PYTHONPATH": str(HEALTH), **more}


def manage(broker: str, *arguments: str) -> Outcome:
    """Run a command of manage.py to its end, with time for a busy machine."""
    return python(broker, "manage.py", *arguments, "--timeout", "60")


def healthy(broker: str, *arguments: str) -> Outcome:
    """Run a command of manage.py until it finds all well."""
    return until_healthy(lambda: manage(broker, *arguments))


def until_healthy(check: Callable[[], Outcome]) -> Outcome:
    """Repeat a check until it finds all well: a busy machine may be slower than its limits."""
    last: list[Outcome] = []

    def found() -> Outcome | None:
        last.append(check())
        return last[-1] if last[-1].code == 0 else None

    return wait_for(found, describe=lambda: last[-1])


def python(broker: str, *arguments: str, home: Path = PROJECT) -> Outcome:
    """Run Python in the project's folder, or in another one, to its end."""
    done = subprocess.run(
        [str(DJANGO.python()), *arguments],
        cwd=home,
        env=project_environment(broker),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr, 0.0, 0.0).checked()
