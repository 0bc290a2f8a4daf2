"""A broker without a scheme is completed as kombu does it."""

from typing import Any

import pytest
from celery import Celery

from celery_health.survey.app_urls.schemes import with_scheme
from celery_health.urls import UrlError


def conf(transport: str | None) -> Any:
    app = Celery("shop", set_as_current=False)
    app.conf.broker_transport = transport
    return app.conf


@pytest.mark.parametrize(
    ("text", "transport", "completed"),
    [
        ("h", None, "amqp://h"),
        ("h", "redis", "redis://h"),
        ("h;i", None, "amqp://h;amqp://i"),
        ("::1", None, "amqp://[::1]"),
        ("[::1]:5699", None, "amqp://[::1]:5699"),
        ("redis://:p@h:1/2;i", None, "redis://:p@h:1/2;redis://:p@i:1/2"),
        ("redis://h:1/2;amqp://i", "amqp", "amqp://h:1/2;amqp://i"),
        ("sqla+sqlite:///h", "redis", "sqla+sqlite:///h"),
        ("", "redis", ""),
    ],
)
def test_a_broker_without_a_scheme_is_completed_as_kombu_does(
    text: str, transport: str | None, completed: str
) -> None:
    assert with_scheme(text, conf(transport)) == completed


@pytest.mark.parametrize(
    ("text", "transport", "instead"),
    [
        ("h:5672", None, "amqp"),
        ("guest:geheim@h//", None, "amqp"),
        ("h/prod", None, "amqp"),
        ("h;i:5672", None, "amqp"),
        ("[::1]:6379", "redis", "redis"),
        (":geheim@h", "redis", "redis"),
    ],
)
def test_a_broker_without_a_scheme_is_the_name_of_a_host_alone(
    text: str, transport: str | None, instead: str
) -> None:
    with pytest.raises(
        UrlError, match=f"takes all of it for the name of a host.*write {instead}://"
    ) as caught:
        with_scheme(text, conf(transport))
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("redis:/h:6379/0", r"find that host: begin it with redis://\.$"),
        ("rediss//:geheim@h/0", r"begin it with rediss://\.$"),
        ("h:6379/0", r"write amqp:// in front of it, or redis:// if it is a Redis\.$"),
    ],
)
def test_a_scheme_that_lacks_a_character_is_named(text: str, advice: str) -> None:
    with pytest.raises(UrlError, match=advice):
        with_scheme(text, conf(None))


def test_a_first_url_without_a_readable_port_says_so_without_the_password() -> None:
    with pytest.raises(UrlError, match=r"no readable port.*percent-encode") as caught:
        with_scheme("redis://u:geheim/ss@h:6379/0;other", conf(None))
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None
