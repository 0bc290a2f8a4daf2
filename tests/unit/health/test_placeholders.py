"""Placeholders in URLs that a shell or a template should have replaced."""

from collections.abc import Callable

import pytest

from celery_health.urls import BrokerUrl, UrlError, parse, parse_result_backend


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://:geheim@$REDIS_HOST:6379/0", "$REDIS_HOST"),
        ("redis://:${REDIS_PASSWORD}@h/0", "${REDIS_PASSWORD}"),
        ("amqp://$(USER):geheim@h//", "$(USER)"),
        ("amqp://u:geheim@h/${VHOST}", "${VHOST}"),
        ("postgresql://u:geheim@h/{{ database }}", "{{ database }}"),
        ("amqp://a;amqp://<host>", "<host>"),
        ("amqp://$USER:geheim@h//", "$USER"),
        ("amqp://u:geheim@h/$VHOST", "$VHOST"),
        ("sqs://geheim:${SECRET}@", "${SECRET}"),
        ("redis+socket://:{{ password }}@/run/redis.sock", "{{ password }}"),
    ],
)
def test_a_placeholder_is_not_a_value(url: str, found: str) -> None:
    with pytest.raises(UrlError, match="is a placeholder") as raised:
        parse(url)
    assert repr(found) in str(raised.value)
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("text", ["$BROKER", "${BROKER}", "{{ broker }}", "amqp://$BROKER"])
@pytest.mark.parametrize("read", [parse, parse_result_backend])
def test_a_placeholder_alone_is_said_to_be_one(text: str, read: Callable[[str], BrokerUrl]) -> None:
    with pytest.raises(UrlError) as raised:
        read(text)
    assert (
        str(raised.value) == f"{text.removeprefix('amqp://')!r} is a placeholder: replace it with its value."
    )


@pytest.mark.parametrize(
    "url", ["redis://:p$a{s}%25@h/0", "redis://:$SECRET@h/0", "redis://[fe80::1%25eth0]/0"]
)
def test_a_password_and_an_address_may_have_characters_of_a_placeholder(url: str) -> None:
    assert parse(url).host
