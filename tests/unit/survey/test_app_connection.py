"""Which broker is checked, and with which settings."""

from datetime import timedelta

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


def test_an_option_stands_for_a_broker_of_the_application_that_cannot_be_used() -> None:
    with pytest.raises(ConfigurationError, match="The broker of the application cannot be used: it has"):
        resolve(an_app("h:6379"), "shop", None, None, {})
    assert resolve(an_app("h:6379"), "shop", OPTION, None, {}).broker_url == OPTION


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


@pytest.mark.parametrize(
    ("option", "seconds"),
    [(600, 600.0), (None, None), ("3600", None), (timedelta(hours=2), None)],
    ids=["a number", "none", "a text", "a timedelta"],
)
def test_a_visibility_timeout_that_kombu_cannot_use_is_not_known(
    option: object, seconds: float | None
) -> None:
    app = an_app(APP)
    app.conf.broker_transport_options = {"visibility_timeout": option}
    assert resolve(app, "shop", None, None, {}).visibility_timeout == seconds


class Dsn:
    """A URL as pydantic has it: no text."""

    def __str__(self) -> str:
        return APP


@pytest.mark.parametrize("setting", ["broker_url", "result_backend"])
def test_a_url_that_is_no_text_is_refused_as_celery_does(setting: str) -> None:
    app = an_app(APP)
    app.conf[setting] = Dsn()
    with pytest.raises(ConfigurationError, match=f"{setting} is of the type Dsn, .* with str"):
        resolve(app, "shop", None, None, {})


@pytest.mark.parametrize(
    ("urls", "tried"),
    [
        ([None, APP], f"amqp://guest:guest@localhost:5672//;{APP}"),
        (["", APP], f"amqp://guest:guest@localhost:5672//;{APP}"),
        ([None], "amqp://guest:guest@localhost:5672//"),
        ([], "amqp://guest:guest@localhost:5672//"),
    ],
)
def test_a_list_whose_first_url_is_not_set_begins_with_the_default_of_celery(
    urls: list[str | None], tried: str
) -> None:
    app = an_app(None)
    app.conf.broker_url = urls
    assert resolve(app, "shop", None, None, {}).broker_url == tried
    with app.connection_for_read() as connection:
        assert connection.as_uri(include_password=True) == tried.partition(";")[0]


@pytest.mark.parametrize(
    ("settings", "read", "write"),
    [
        ({"broker_read_url": "redis://read/0"}, "redis://read:6379/0", "redis://app:6379/0"),
        ({"broker_write_url": "redis://write/0"}, "redis://app:6379/0", "redis://write:6379/0"),
        ({"broker_write_url": ["write", "other"]}, "redis://app:6379/0", "amqp://write:5672/"),
        (
            {"broker_read_url": "redis://read/0", "broker_write_url": "redis://write/0"},
            "redis://read:6379/0",
            "redis://write:6379/0",
        ),
    ],
)
def test_an_application_may_read_from_one_url_and_send_to_another(
    settings: dict[str, object], read: str, write: str
) -> None:
    app = an_app(APP)
    app.conf.update(settings)
    found = resolve(app, "shop", None, None, {})
    assert (found.broker.address, found.sent_to.address) == (read, write)
    for connection, address in ((app.connection_for_read(), read), (app.connection_for_write(), write)):
        assert f"{connection.transport_cls}://{connection.hostname}:" in address
    by_option = resolve(app, "shop", OPTION, None, {})
    assert (by_option.broker.address, by_option.write_broker) == ("redis://option:6379/0", None)
    assert app.connection_for_write().hostname == "option"


def test_an_application_with_one_url_sends_to_it() -> None:
    for url in (APP, None):
        found = resolve(an_app(url), "shop", None, None, {})
        assert (found.write_broker, found.sent_to) == (None, found.broker)


def test_an_application_that_names_only_what_it_reads_from_sends_to_the_default_of_celery() -> None:
    app = an_app(None)
    app.conf.broker_read_url = "redis://read/0"
    found = resolve(app, "shop", None, None, {})
    assert (found.broker.address, found.sent_to.address) == ("redis://read:6379/0", "amqp://localhost:5672/")
    assert app.connection_for_write().as_uri() == "amqp://guest:**@localhost:5672//"
