"""What is said about a host that DNS does not know, and about a server that does not answer."""

import pytest

from celery_health.readers.reachability import name_not_resolved, timed_out_after
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


@pytest.mark.parametrize(
    ("seconds", "said"), [(1.99992, "within 2 s"), (0.25, "within 0.2 s"), (5.0, "within 5 s")]
)
def test_the_time_of_waiting_is_rounded(seconds: float, said: str) -> None:
    assert said in timed_out_after(parse("redis://h/0"), seconds).message
