"""Broker addresses as the operator must spell them."""

import pytest

from celery_operator.observe.hosts import seen_from_elsewhere


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("redis://redis:6379/0", "redis://redis.shop:6379/0"),
        ("redis://redis", "redis://redis.shop"),
        (
            "rediss://user:p%40ss@cache/1?ssl_cert_reqs=none",
            "rediss://user:p%40ss@cache.shop/1?ssl_cert_reqs=none",
        ),
        ("redis://:secret@redis:6379", "redis://:secret@redis.shop:6379"),
        ("sentinel://s-0:26379;sentinel://s-1:26379", "sentinel://s-0.shop:26379;sentinel://s-1.shop:26379"),
        ("redis://ann:p@ss%25x@redis:6379/0", "redis://ann:p@ss%25x@redis.shop:6379/0"),
        ("redis://:p@ss:w@rd@redis", "redis://:p@ss:w@rd@redis.shop"),
        ("redis://:p@s@one;redis://:p@s@two:1/0", "redis://:p@s@one.shop;redis://:p@s@two.shop:1/0"),
        ("amqp://guest:guest@rabbit//", "amqp://guest:guest@rabbit.shop//"),
        ("db+postgresql://u:p@postgres/results", "db+postgresql://u:p@postgres.shop/results"),
    ],
)
def test_a_one_word_host_is_the_service_in_the_workers_namespace(url: str, seen: str) -> None:
    assert seen_from_elsewhere(url, "shop") == seen


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis.data:6379/0",
        "redis://10.0.0.7:6379/0",
        "redis://[fd00::7]:6379/0",
        "redis://localhost:6379/0",
        "amqps://user:secret@broker.example.com:5671/vhost",
        "amqps://user:s@cret@broker.example.com:5671/vhost",
        "redis://redis.data?client_name=a@b",
        "sqs://",
        "no-url-at-all",
    ],
)
def test_any_other_address_stays_as_it_is(url: str) -> None:
    assert seen_from_elsewhere(url, "shop") == url
