"""The broker that the environment names."""

import pytest

from celery_health.environment import broker_url


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, ""),
        ({"REDIS_PORT": "6379"}, ""),
        ({"REDIS_HOST": "redis"}, "redis://redis:6379/0"),
        ({"REDIS_HOST": " redis ", "REDIS_PORT": "7000"}, "redis://redis:7000/0"),
        ({"REDIS_HOST": "::1"}, "redis://[::1]:6379/0"),
        # As Kubernetes sets it for a Service that is called redis.
        ({"REDIS_HOST": "redis", "REDIS_PORT": "tcp://10.96.0.7:6379"}, "redis://redis:6379/0"),
        ({"REDIS_HOST": "redis", "REDIS_URL": "redis://other/1"}, "redis://other/1"),
        ({"REDIS_HOST": "redis", "CELERY_BROKER_URL": "amqp://rabbit"}, "amqp://rabbit"),
        ({"CELERY_BROKER_URL": "amqp://rabbit", "CELERY_BROKER": "redis://b/0"}, "redis://b/0"),
        ({"CELERY_BROKER": "redis://b/0", "BROKER_URL": "redis://a/0"}, "redis://a/0"),
        ({"CELERY_BROKER": "redis://b/0", "BROKER_URL": ""}, "redis://b/0"),
    ],
)
def test_the_first_that_is_set_counts(environment: dict[str, str], url: str) -> None:
    assert broker_url(environment) == url
