"""When ``celery-probe run`` ends a process, and how it starts Celery."""

import sys
from pathlib import Path

import pytest

from celery_probe.sidecar.running.command import CommandError, with_agent
from celery_probe.sidecar.running.liveness import NOT_LIVE_SECONDS, Liveness

BUNDLE = Path("/run/bundle")


def test_a_process_is_ended_after_30_s_in_which_it_was_never_live() -> None:
    liveness = Liveness()
    assert not liveness.is_over(live=False, now=100.0)
    assert not liveness.is_over(live=False, now=100.0 + NOT_LIVE_SECONDS - 1)
    assert not liveness.is_over(live=True, now=100.0 + NOT_LIVE_SECONDS)
    assert not liveness.is_over(live=False, now=140.0)
    assert liveness.is_over(live=False, now=140.0 + NOT_LIVE_SECONDS)


def test_a_python_that_does_not_exist_is_named(tmp_path: Path) -> None:
    python = str(tmp_path / "pythn")
    with pytest.raises(CommandError, match=f"{python} is no program"):
        with_agent([python, "-m", "celery", "-A", "shop", "worker"], BUNDLE)


def test_the_python_of_celery_runs_it_with_the_agent(tmp_path: Path) -> None:
    for name in ("celery", "python"):
        (tmp_path / name).touch(mode=0o755)
    here = str(tmp_path / "celery")
    assert with_agent([here, "-A", "shop", "worker"], BUNDLE) == [
        str(tmp_path / "python"),
        "/run/bundle",
        "-A",
        "shop",
        "worker",
    ]
    assert with_agent(["python3", "-m", "celery", "-A", "shop", "beat"], BUNDLE) == [
        "python3",
        "/run/bundle",
        "-A",
        "shop",
        "beat",
    ]
    assert with_agent([str(tmp_path / "absent" / "celery"), "worker"], BUNDLE)[0] == sys.executable


@pytest.mark.parametrize("command", [[], ["gunicorn"], ["python", "-m", "flask"], ["celeryd", "worker"]])
def test_another_command_is_refused(command: list[str]) -> None:
    with pytest.raises(CommandError, match="such as celery-probe run celery -A APP worker"):
        with_agent(command, BUNDLE)
