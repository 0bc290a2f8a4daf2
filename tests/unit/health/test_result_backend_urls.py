"""The URLs of result backends are read as Celery reads them, and blanks in URLs as kombu and Celery do."""

import sys
from types import SimpleNamespace

import pytest
from celery import Celery
from kombu import Connection

from celery_health.result_backends import is_of_one_process
from celery_health.urls import UrlError, parse, parse_result_backend


def database_of_celery(url: str) -> int | None:
    """The database that Celery uses; None where a worker ends."""
    app = Celery(backend=url, set_as_current=False)
    try:
        return int(app.backend.connparams["db"])
    except (ValueError, ImportError, AttributeError):
        return None


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("redis://h", ""),
        ("redis://h/", ""),
        ("redis://h/2", ""),
        ("redis://h/2/", ""),
        ("redis://h//2", ""),
        ("redis://h/2 ", ""),
        ("redis://:a;b@h/2", ""),
        ("redis://h//", "is not a number"),
        ("redis://h/0;redis://h/1", "one URL"),
        ("redis://h;redis://i", "one URL"),
        ("Redis://h/0", "There is no result backend Redis: write redis://."),
        (" redis://h/0", "begins with a blank"),
    ],
)
def test_the_database_of_a_result_backend_is_that_of_celery(url: str, advice: str) -> None:
    if not advice:
        assert parse_result_backend(url).database == database_of_celery(url)
        return
    assert database_of_celery(url) is None
    with pytest.raises(UrlError, match=advice):
        parse_result_backend(url)


@pytest.mark.parametrize(
    "url",
    [
        "cache+memcached://127.0.0.1:11211;127.0.0.2:11211/",
        "azureblockblob://DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=key",
        "sentinel://a:26379/0;sentinel://b:26379/0",
    ],
)
def test_a_semicolon_may_stand_between_servers_of_a_result_backend(url: str) -> None:
    parse_result_backend(url)


@pytest.mark.parametrize(
    "url",
    [
        " redis://h/0",
        "\nredis://h/0",
        "redis://h ",
        "amqp://h// ",
        "redis://i/0; redis://h/0",
    ],
)
def test_a_blank_that_kombu_does_not_ignore_is_refused(url: str) -> None:
    with pytest.raises(UrlError, match="blank: remove it"):
        parse(url)
    *_, last = url.split(";")
    try:
        found = Connection(last)
        where = found.transport_cls, found.hostname, found.port, found.virtual_host
    except ValueError:
        return
    assert where not in [("redis", "h", None, "0"), ("redis", "h", None, "/"), ("amqp", "h", None, "/")]


@pytest.mark.parametrize("url", ["redis://h/3 ", "redis://h/3\n", "amqp://h//\n"])
def test_a_blank_that_kombu_ignores_is_ignored(url: str) -> None:
    assert parse(url) == parse(url.strip())


def test_parameters_replace_the_parts_of_the_url_of_a_result_backend() -> None:
    text = "redis://:other@elsewhere:1/2?host=h&port=6380&username=shop&password=word&db=3"
    parameters = Celery(backend=text, set_as_current=False).backend.connparams
    url = parse_result_backend(text)
    ours = (url.host, str(url.port), url.username, url.password, url.database)
    assert ours == tuple(parameters[name] for name in ("host", "port", "username", "password", "db"))


@pytest.mark.parametrize(
    ("text", "setting", "value", "expected"),
    [
        ("cache+memory://", "", "", True),
        ("cache", "cache_backend", "memory", True),
        ("celery.backends.cache:CacheBackend", "cache_backend", "memory://", True),
        ("cache+memcached://h:11211/", "", "", False),
        ("cache", "cache_backend", "memcached://h/", False),
        ("db+sqlite://", "", "", True),
        ("db+sqlite:///:memory:", "", "", True),
        ("database", "database_url", "sqlite://", True),
        ("db+sqlite:///shop.db", "", "", False),
        ("db+sqlite:////var/lib/shop.db", "", "", False),
        ("db+postgresql://h/shop", "", "", False),
        ("file:///var/lib/results", "", "", False),
        ("rpc://", "", "", False),
        ("redis://h/0", "", "", False),
    ],
)
def test_a_result_backend_in_the_memory_of_one_process_is_known(
    text: str, setting: str, value: str, *, expected: bool
) -> None:
    app = Celery(backend=text, set_as_current=False)
    if setting:
        app.conf[setting] = value
    assert is_of_one_process(text, app.conf) is expected


def test_a_cache_of_django_in_the_memory_of_one_process_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    caches = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "shared": {"BACKEND": "django.core.cache.backends.redis.RedisCache"},
    }
    django = SimpleNamespace(settings=SimpleNamespace(configured=True, CACHES=caches))
    app = Celery(backend="django-cache", set_as_current=False)
    assert not is_of_one_process("django-cache", app.conf)
    monkeypatch.setitem(sys.modules, "django.conf", django)
    assert is_of_one_process("django-cache", app.conf)
    app.conf.cache_backend = "shared"
    assert not is_of_one_process("django-cache", app.conf)
