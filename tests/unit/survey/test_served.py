"""The queues that an application routes its tasks to, in the spellings that Celery takes."""

from typing import Any

import pytest
from celery import Celery
from kombu import Queue

from celery_health.survey.served import has_functions, routed_queues

TARGET = {"queue": "reports"}


@pytest.mark.parametrize(
    "routes",
    [
        {"rep.*": TARGET},
        {"rep.*": "reports"},
        {"rep.*": {"queue": Queue("reports")}},
        [{"mail.*": {"priority": 3}}, {"rep.*": TARGET}],
        ([("rep.*", TARGET), ("mail.*", {"priority": 3})],),
    ],
)
def test_a_queue_is_found_where_celery_finds_it(routes: Any) -> None:
    with Celery("shop", set_as_current=False) as app:
        app.conf.task_routes = routes
        assert app.amqp.router.route({}, "rep.daily")["queue"].name == "reports"
    assert set(routed_queues(routes)) == {"reports"}
    assert has_functions(routes) is False


@pytest.mark.parametrize("routes", ["shop.Router", lambda *_: None, ["shop.Router"], [{"a": "b"}, print]])
def test_a_function_may_route_to_any_queue(routes: Any) -> None:
    assert has_functions(routes) is True


def test_without_routes_no_queue_is_named() -> None:
    assert [*routed_queues(None)] == []
    assert has_functions(None) is False
