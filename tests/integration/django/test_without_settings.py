"""A Django project whose settings cannot be used: Django's own error comes through in one line."""

import subprocess
from pathlib import Path

import pytest
from tools.testbed.celery_versions import DJANGO

from tests.integration.django.harness import PROJECT, project_environment, python

CLI = "from celery_health.cli.commands.main import main; main(prog_name='celery-health')"
APP = (
    "from celery import Celery\n"
    "app = Celery('own')\n"
    "app.config_from_object('django.conf:settings', namespace='CELERY')\n"
    "app.autodiscover_tasks()\n"
)


@pytest.mark.parametrize("command", [(), ("dead-letter", "list")])
def test_the_missing_variable_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "own.py").write_text(APP)
    arguments = ("-A", "own", "--timeout", "60")
    outcome = python("", "-c", CLI, *command, *arguments, home=tmp_path)
    assert outcome.code == 3
    assert "its settings raise ImproperlyConfigured: Requested setting" in outcome.err
    assert "DJANGO_SETTINGS_MODULE" in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert outcome.out == ""


def test_settings_that_raise_end_manage_py_before_the_command(tmp_path: Path) -> None:
    """As the guide says: Django loads them first. ``celery-health`` loads them itself."""
    (tmp_path / "broken.py").write_text("raise RuntimeError('no variable SECRET_KEY')\n")
    (tmp_path / "own.py").write_text(APP)
    env = {**project_environment(""), "DJANGO_SETTINGS_MODULE": "broken"}
    env["PYTHONPATH"] += f":{tmp_path}"

    def ended(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(DJANGO.python()), *arguments]
        return subprocess.run(
            command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=120, check=False
        )

    managed = ended("manage.py", "celery_health")
    assert (managed.returncode, managed.stdout) == (1, "")
    assert managed.stderr.splitlines()[-1] == "RuntimeError: no variable SECRET_KEY"

    checked = ended("-c", CLI, "-A", "own", "--timeout", "60")
    assert (checked.returncode, checked.stdout) == (3, "")
    [line] = checked.stderr.splitlines()
    assert "no variable SECRET_KEY" in line
