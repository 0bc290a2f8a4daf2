"""What loading the commands costs every ``celery`` command."""

import subprocess
import sys


def test_celery_loads_nothing_but_click_for_the_commands() -> None:
    program = "import celery_health.cli.commands.celery_commands, sys; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = {name for name in done.stdout.split() if name.startswith("celery_health.")}
    commands = {"commands", "commands.celery_commands", "commands.dead_letter", "commands.options"}
    allowed = {"cli", "exit_codes", *(f"cli.{name}" for name in {*commands, "usage"})}
    assert loaded == {f"celery_health.{name}" for name in allowed}
