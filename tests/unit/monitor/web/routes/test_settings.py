"""Who may read, save and try settings, and what the audit keeps of it."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from celery_monitor import __main__ as program
from celery_monitor.settings import Settings
from celery_monitor.settings.effective import Resource
from celery_monitor.settings.own import OwnSettings
from tests.support.monitor_web import ADMIN, API, OPERATOR, VIEWER, FakeHistory, problem, served

PATH = f"{API}/settings"
DATABASE = "postgresql://ann:planted-secret@127.0.0.1:1/celery"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    started: list[Settings] = []
    monkeypatch.setattr(program, "start", started.append)
    arguments = ["--broker", "redis://:planted-secret@127.0.0.1:1/0", "--settings-file", str(file(tmp_path))]
    result = CliRunner().invoke(program.main, arguments, env={"HOME": str(tmp_path), "DATABASE_URL": ""})
    assert result.exit_code == 0, result.output
    return started[0]


def file(folder: Path) -> Path:
    return folder / "mine" / "settings.env"


async def test_a_viewer_reads_every_setting_without_secrets(settings: Settings) -> None:
    async with served(settings=OwnSettings(settings)) as client:
        response = await client.get(PATH, headers=VIEWER)
        text = await response.text()
        document: dict[str, Any] = await response.json()
    assert "planted" not in text
    found = {one["name"]: one for one in document["settings"]}
    assert (found["broker"]["value"], found["broker"]["kind"]) == ("redis://***@127.0.0.1:1/0", "url")
    assert found["log_level"]["choices"] == ["debug", "info", "warning", "error"]
    assert document["in_cluster"] is False


async def test_an_admin_saves_and_the_audit_has_no_url(settings: Settings, tmp_path: Path) -> None:
    history = FakeHistory()
    async with served(settings=OwnSettings(settings), history=history) as client:
        body = {"values": {"retention_days": "7", "database": DATABASE, "log_level": None}}
        assert (await client.put(PATH, json=body, headers=OPERATOR)).status == 403
        response = await client.put(PATH, json=body, headers=ADMIN)
        assert response.status == 200, await response.text()
        assert "planted" not in await response.text()
        found = {one["name"]: one for one in (await response.json())["settings"]}
    assert found["retention_days"]["after_restart"] == "7"
    assert "planted-secret" in file(tmp_path).read_text()
    refused, done = history.entries
    assert (refused.identity, refused.outcome[:11]) == ("the-operator", "refused: 40")
    assert (done.identity, done.action, done.outcome) == ("the-admin", "save_settings", "done")
    assert done.subject == "retention_days, database, log_level"
    assert done.detail == "retention_days 7, database, log_level no longer saved"


async def test_a_value_that_cannot_be_saved_is_named(settings: Settings, tmp_path: Path) -> None:
    async with served(settings=OwnSettings(settings)) as client:
        body = {"values": {"retention_days": "7", "log_level": "loud"}}
        response = await client.put(PATH, json=body, headers=ADMIN)
        assert response.status == 422
        (error,) = (await problem(response))["errors"]
    assert error["where"] == "body.values.log_level"
    assert "debug" in error["message"]
    assert not file(tmp_path).exists()


async def test_a_file_that_cannot_be_written_is_a_problem(settings: Settings, tmp_path: Path) -> None:
    file(tmp_path).parent.write_text("in the way")
    async with served(settings=OwnSettings(settings)) as client:
        response = await client.put(PATH, json={"values": {"retention_days": "7"}}, headers=ADMIN)
        assert response.status == 409
        assert str(file(tmp_path)) in (await problem(response))["detail"]


async def test_in_a_cluster_nothing_is_saved_or_tried(settings: Settings) -> None:
    own = OwnSettings(settings, lambda: Resource("jobs", "shop"))
    async with served(settings=own) as client:
        put = await client.put(PATH, json={"values": {"retention_days": "7"}}, headers=ADMIN)
        trial = {"name": "database", "url": DATABASE}
        post = await client.post(f"{PATH}/test", json=trial, headers=ADMIN)
        assert (put.status, post.status) == (409, 409)
        assert "kubectl" in (await problem(put))["detail"]
        document = await (await client.get(PATH, headers=VIEWER)).json()
    assert document["in_cluster"] is True
    assert "celerydeployment/shop --namespace jobs" in document["settings"][0]["command"]


async def test_a_url_is_tried_without_being_saved(settings: Settings, tmp_path: Path) -> None:
    history = FakeHistory()
    async with served(settings=OwnSettings(settings), history=history) as client:
        trial = {"name": "database", "url": DATABASE}
        assert (await client.post(f"{PATH}/test", json=trial, headers=OPERATOR)).status == 403
        response = await client.post(f"{PATH}/test", json=trial, headers=ADMIN)
        assert response.status == 200
        document = await response.json()
    assert document["ok"] is False
    assert "Nothing listens at postgresql://127.0.0.1:1/celery" in document["message"]
    assert "planted" not in str(document) + str(history.entries)
    assert history.entries[-1].subject == "database"
    assert not file(tmp_path).exists()


@pytest.mark.parametrize(
    ("name", "url", "sentence"),
    [
        ("database", "http://169.254.169.254/", "begins with redis"),
        ("database", "redis://127.0.0.1:1/0", "needs PostgreSQL or SQLite"),
        ("result_backend", "gopher://127.0.0.1:1/", "begins with redis"),
        ("management_url", "ftp://127.0.0.1/", "http"),
        ("log_level", "redis://127.0.0.1:1/0", "use one of"),
        ("broker", "redis://127.0.0.1:1/0", "--broker"),
    ],
)
async def test_only_servers_of_settings_are_tried(
    settings: Settings, name: str, url: str, sentence: str
) -> None:
    async with served(settings=OwnSettings(settings)) as client:
        response = await client.post(f"{PATH}/test", json={"name": name, "url": url}, headers=ADMIN)
        assert response.status == 422
        assert sentence in str(await problem(response))
