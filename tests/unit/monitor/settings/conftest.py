"""The program of the monitor, up to the point where the monitor would start."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from celery_monitor import __main__ as program
from celery_monitor.settings import Settings
from celery_monitor.settings.own import OwnSettings

VARIABLES = (
    "CELERY_BROKER_URL",
    "REDIS_URL",
    "REDIS_HOST",
    "CELERY_RESULT_BACKEND",
    "DATABASE_URL",
    "XDG_DATA_HOME",
)


class Program:
    """The program with a home of its own, up to the point where the monitor would start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.home = home
        self.file = home / ".local" / "share" / "celery-monitor" / "settings.env"
        self.started: list[Settings] = []
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(program, "start", self.started.append)

    def write(self, text: str) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(text)

    def refusal(self, *arguments: str, **environment: str) -> str:
        result = CliRunner().invoke(program.main, arguments, env={"HOME": str(self.home), **environment})
        assert result.exit_code == 3, result.output
        return " ".join(result.output.split())

    def settings(self, *arguments: str, **environment: str) -> Settings:
        result = CliRunner().invoke(program.main, arguments, env={"HOME": str(self.home), **environment})
        assert result.exit_code == 0, result.output
        return self.started[-1]

    def own(self, *arguments: str, **environment: str) -> OwnSettings:
        return OwnSettings(self.settings(*arguments, **environment))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Program:
    return Program(monkeypatch, tmp_path)
