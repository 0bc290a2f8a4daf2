"""The shop shows how the presets are used."""

from celery_health import presets
from shop.celery import app


def test_the_shop_has_the_recommended_settings() -> None:
    recommended = presets.reliable() | presets.time_limits() | presets.redis_results()

    assert {name: app.conf[name] for name in recommended} == dict(recommended)


def test_each_kind_of_work_has_its_queue() -> None:
    routes = {name: app.amqp.router.route({}, f"shop.tasks.{name}")["queue"].name for name in _TASKS}

    assert routes == _TASKS
    assert set(app.amqp.queues) == set(_TASKS.values())


_TASKS = {
    "place_order": "default",
    "send_email": "email",
    "resize_image": "media",
    "build_report": "reports",
    "clean_up": "maintenance",
    "import_catalog": "reports",
}
