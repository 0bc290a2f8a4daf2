"""What is said about a host that DNS does not know."""

import pytest

from celery_health.readers.reachability import name_not_resolved
from celery_health.urls import parse


@pytest.mark.parametrize(
    ("host", "remedy"),
    [
        ("redis", "use the full name"),
        ("redis.market.svc", "check that the Service exists"),
        ("redis.market.svc.cluster.local", "check that the Service exists"),
        ("redis.market.svc.cluster.internal", "check that the Service exists"),
        ("redis.example.com", "check its spelling"),
    ],
)
def test_a_full_name_is_not_asked_for_where_it_is_given(host: str, remedy: str) -> None:
    message = name_not_resolved(parse(f"redis://{host}:6379/0")).message
    assert host in message
    assert remedy in message
