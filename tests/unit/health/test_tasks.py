"""The task that checks from inside a worker."""

import json
from pathlib import Path

import pytest
from celery import Celery

from celery_health.tasks import NAME, register


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Celery:
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "CELERY_RESULT_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    return Celery("shop", broker="memory://", set_as_current=False)


def test_registering_twice_is_registering_once(app: Celery) -> None:
    assert register(app) is register(app)
    assert NAME in app.tasks


def test_a_server_that_is_not_configured_is_not_a_failure(app: Celery) -> None:
    result = register(app).apply().get()
    assert result["ok"] is True
    assert {check["ok"] for check in result["checks"].values()} == {None}


def test_a_database_is_checked(app: Celery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shop.db")
    assert register(app).apply().get()["checks"]["database"]["ok"] is True


def test_a_failure_is_reported_without_its_secret(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "redis://:geheim@127.0.0.1:1/0")
    app.conf.result_backend = "redis://:geheim@127.0.0.1:1/0"
    result = register(app).apply().get()
    assert result["ok"] is False
    assert result["checks"]["result_backend"]["ok"] is False
    assert "geheim" not in json.dumps(result)
