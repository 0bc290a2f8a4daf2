"""What the page shows of the settings, and what it may save."""

import re
from collections.abc import Mapping

import pytest

from celery_monitor.settings import SettingsError
from celery_monitor.settings.effective import EffectiveSetting
from celery_monitor.settings.own import OwnSettings, RefusedChangesError
from celery_monitor.settings.setting import ValueSource
from tests.unit.monitor.settings.conftest import Program

BROKER = "redis://:planted-secret@localhost:6399/2"
OTHER = "amqp://ann:planted-secret@localhost/shop"
DATABASE = "postgresql://ann:planted-secret@db/celery"


async def by_name(own: OwnSettings) -> Mapping[str, EffectiveSetting]:
    settings, problem = await own.read()
    assert problem is None
    return {one.setting.key: one for one in settings}


async def test_each_value_says_where_it_comes_from(started: Program) -> None:
    started.write("# mine\nCELERY_MONITOR_RETENTION_DAYS=7\nCELERY_MONITOR_LOG_LEVEL='debug'\n")
    own = started.own(
        "--retention-tasks", "5000", CELERY_BROKER_URL=BROKER, CELERY_MONITOR_LOG_LEVEL="warning"
    )
    found = await by_name(own)
    assert {
        name: (found[name].value, found[name].source, found[name].place)
        for name in ("retention_tasks", "broker", "log_level", "retention_days", "port")
    } == {
        "retention_tasks": ("5000", ValueSource.OPTION, "--retention-tasks"),
        "broker": ("redis://***@localhost:6399/2", ValueSource.ENVIRONMENT, "CELERY_BROKER_URL"),
        "log_level": ("warning", ValueSource.ENVIRONMENT, "CELERY_MONITOR_LOG_LEVEL"),
        "retention_days": ("7", ValueSource.FILE, str(started.file)),
        "port": ("8555", ValueSource.DEFAULT, ""),
    }
    assert {name for name, one in found.items() if one.may_save} >= {"retention_days", "database"}
    assert not any(found[name].may_save for name in ("broker", "log_level", "retention_tasks", "port"))
    assert "variable CELERY_BROKER_URL" in found["broker"].change
    assert "option --retention-tasks" in found["retention_tasks"].change


async def test_no_secret_is_shown(started: Program) -> None:
    own = started.own(
        CELERY_MONITOR_BROKER=BROKER,
        CELERY_MONITOR_TOKEN="planted-token-0123456789",
        CELERY_MONITOR_SESSION_SECRET="planted" * 8,
        CELERY_MONITOR_DATABASE="postgresql://ann:planted-password@db/celery",
    )
    settings, _ = await own.read()
    assert "planted" not in str([(one.value, one.change, one.place, one.after_restart) for one in settings])
    assert (await by_name(own))["token"].value == "***"


async def test_what_is_saved_is_read_by_the_next_start(started: Program) -> None:
    started.write(f"CELERY_MONITOR_BROKER={BROKER}\n")
    await started.own().save({"retention_days": "7", "broker": OTHER, "workers_pattern": "a@*, b@*"})
    assert started.file.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in started.file.parent.iterdir()] == [started.file.name]
    settings = started.settings()
    assert settings.history.retention_days == 7
    assert settings.connection.broker_url == OTHER
    assert settings.worker_patterns == ("a@*", "b@*")
    # What the start is given counts before the file.
    assert started.settings("--retention-days", "9").history.retention_days == 9
    assert started.settings(REDIS_URL="redis://other/0").connection.broker_url == "redis://other/0"
    assert started.settings(REDIS_HOST="other").connection.broker_url == "redis://other:6379/0"


async def test_a_list_is_in_effect_however_it_is_separated(started: Program) -> None:
    started.write(f"CELERY_MONITOR_BROKER={BROKER}\n")
    await started.own().save({"ignore_queue": "*.dead, old"})
    own = started.own()
    assert (await by_name(own))["ignore_queue"].after_restart is None
    await own.save({"ignore_queue": "*.dead, new"})
    assert (await by_name(own))["ignore_queue"].after_restart == "*.dead, new"


async def test_a_saved_value_that_is_not_in_effect_yet_is_shown(started: Program) -> None:
    started.write("# kept\nCELERY_MONITOR_RETENTION_DAYS=7\n")
    own = started.own("--broker", BROKER)
    await own.save({"retention_days": None, "log_level": "debug", "database": DATABASE})
    found = await by_name(own)
    assert (found["retention_days"].value, found["retention_days"].after_restart) == ("7", "30")
    assert (found["log_level"].value, found["log_level"].after_restart) == ("info", "debug")
    assert found["database"].after_restart == "postgresql://***@db/celery"
    assert found["log_format"].after_restart is None
    assert "# kept\n" in started.file.read_text()
    assert "RETENTION" not in started.file.read_text()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("retention_days", "-1", "not a number above 0"),
        ("retention_days", "", "write one line"),
        ("retention_days", "7\nCELERY_MONITOR_TOKEN=x", "write one line"),
        ("retention_days", "7" * 5000, "shorten it"),
        ("log_level", "loud", "is not one of"),
        ("flower_api", "perhaps", "boolean"),
        ("no_such", "1", "There is no setting of this name: use result_backend"),
        ("token", "0123456789abcdef0123", "Start the monitor with --token or CELERY_MONITOR_TOKEN"),
        ("app", "os", "Start the monitor with --app"),
        ("broker", OTHER, "Change the option --broker"),
        ("database", "mysql://db/x", "needs PostgreSQL or SQLite"),
        ("database", "postgresql://***@db/x", "write the password itself"),
        ("result_backend", "os.path://x", "write a URL that begins with"),
        ("result_backend", "redis://$HOST/0", "is a placeholder"),
        ("management_url", "file:///etc/passwd", "http"),
    ],
)
async def test_a_value_that_cannot_be_saved(started: Program, name: str, text: str, sentence: str) -> None:
    own = started.own("--broker", BROKER)
    with pytest.raises(RefusedChangesError) as refused:
        await own.save({"log_format": "json", name: text})
    assert list(refused.value.problems) == [name]
    assert sentence in refused.value.problems[name]
    assert "planted" not in f"{refused.value} {refused.value.problems}"
    assert not started.file.exists()


async def test_a_start_without_a_broker_is_refused_before_it_happens(started: Program) -> None:
    started.write(f"CELERY_MONITOR_BROKER={BROKER}\n")
    with pytest.raises(RefusedChangesError, match="No broker is named"):
        await started.own().save({"broker": None})
    assert started.settings().connection.broker_url == BROKER


@pytest.mark.parametrize("text", ["it's", 'a"b', "a\\", "#a #b", "a ${HOME} $b", " a", "ä"])
async def test_every_printable_text_is_read_as_it_was_saved(started: Program, text: str) -> None:
    url = f"postgresql://ann:{text}@db/celery".replace(" ", "%20")
    await started.own("--broker", BROKER).save({"database": url})
    assert started.settings("--broker", BROKER).history.url == url


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("CELERY_MONITOR_RETENTION_DAYS=many", "CELERY_MONITOR_RETENTION_DAYS in"),
        ("CELERY_MONITOR_TOKEN=0123456789abcdef0123", "names no setting that can be in this file"),
        ("REDIS_URL=redis://x/0", "names no setting that can be in this file"),
        ("= x", "line 2 of"),
    ],
)
async def test_a_file_that_cannot_be_used_is_named(started: Program, line: str, sentence: str) -> None:
    own = started.own("--broker", BROKER)
    started.write(f"\n{line}\n")
    text = started.refusal("--broker", BROKER)
    assert sentence in text
    assert str(started.file) in text.replace(" ", "")
    settings, problem = await own.read()
    assert settings
    assert sentence in str(problem)
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        await own.save({"log_level": "debug"})
    assert started.file.read_text() == f"\n{line}\n"


async def test_a_file_that_every_user_can_change_is_refused(started: Program) -> None:
    started.write("CELERY_MONITOR_LOG_LEVEL=debug\n")
    started.file.chmod(0o666)
    assert "run `chmod 600" in started.refusal("--broker", BROKER)


async def test_a_refused_start_names_the_file_of_saved_settings(started: Program) -> None:
    started.write(f"CELERY_MONITOR_BROKER={BROKER}\n")
    assert "Some settings are saved in" in started.refusal("--host", "0.0.0.0")
