"""Which broker is checked, and with which settings."""

import pytest
from celery import Celery

from celery_health.survey.app_connection import resolve
from celery_health.survey.app_loading import ConfigurationError

OPTION, APP, ENV = "redis://option/0", "redis://app/0", "redis://env/0"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROKER_URL", "BROKER_READ_URL", "BROKER_WRITE_URL", "RESULT_BACKEND"):
        monkeypatch.setenv(f"CELERY_{name}", "")  # restored afterwards, whatever an option sets


def an_app(broker: str | None) -> Celery:
    return Celery("shop", broker=broker, set_as_current=False)


@pytest.mark.parametrize(
    ("option", "app", "environment", "chosen"),
    [
        (OPTION, APP, {"CELERY_BROKER_URL": ENV}, OPTION),
        (None, APP, {"CELERY_BROKER_URL": ENV}, APP),
        (None, None, {"CELERY_BROKER_URL": ENV, "REDIS_URL": "redis://redis/0"}, ENV),
    ],
    ids=["option", "application", "CELERY_BROKER_URL"],
)
def test_the_order(option: str | None, app: str | None, environment: dict[str, str], chosen: str) -> None:
    assert resolve(an_app(app), "shop", option, None, environment).broker_url == chosen
    if app is None:
        assert resolve(None, None, option, None, environment).broker_url == chosen


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({"REDIS_URL": "redis://redis/0", "REDIS_HOST": "other"}, "redis://redis/0"),
        ({"REDIS_HOST": "redis", "REDIS_PORT": "6380"}, "redis://redis:6380/0"),
    ],
    ids=["REDIS_URL", "REDIS_HOST"],
)
def test_variables_of_redis_count_only_without_an_application_because_celery_does_not_read_them(
    environment: dict[str, str], chosen: str
) -> None:
    assert resolve(None, None, None, None, environment).broker_url == chosen
    of_app = resolve(an_app(None), "shop", None, None, environment)
    assert (of_app.broker.address, of_app.broker_is_default) == ("amqp://localhost:5672/", True)


def test_no_broker_at_all_says_what_to_write() -> None:
    with pytest.raises(ConfigurationError, match="use --broker") as raised:
        resolve(None, None, None, None, {})
    assert raised.value.exit_code == 3


def test_the_settings_that_name_keys_come_from_the_application() -> None:
    app = an_app(APP)
    app.conf.broker_transport_options = {"priority_steps": [0, 5], "global_keyprefix": "shop:"}
    target = resolve(app, "shop", None, None, {})
    assert target.naming.priority_steps == (0, 5)
    assert target.naming.key_prefix == "shop:"
    assert target.queues == ("celery",)


@pytest.mark.parametrize(
    ("option", "prefix"), [(True, "/{db}."), ("mine.", "mine."), (False, "")], ids=["usual", "own", "none"]
)
def test_remote_control_is_called_on_the_channel_of_the_application(option: object, prefix: str) -> None:
    app = an_app("redis://h/0")
    app.conf.broker_transport_options = {"fanout_prefix": option}
    assert resolve(app, "shop", None, None, {}).fanout_prefix == prefix


def test_an_application_without_remote_control_is_not_asked() -> None:
    app = an_app("redis://h/0")
    app.conf.worker_enable_remote_control = False
    assert resolve(app, "shop", None, None, {}).remote_control is False


@pytest.mark.parametrize("host", ["$HOST", "${HOST}", "{{host}}", "<host>", "%25HOST%25"])
def test_a_placeholder_is_not_a_host(host: str) -> None:
    with pytest.raises(ConfigurationError, match="The URL of the broker cannot be used"):
        resolve(None, None, f"redis://:geheim@{host}:6379/0", None, {})
