"""A Django project whose settings are not named: Django's own error comes through in one line."""

from pathlib import Path

import pytest

from tests.integration.django.harness import python

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
