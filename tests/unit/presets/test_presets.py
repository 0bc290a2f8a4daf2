"""What the presets set, how they are joined, and what they refuse."""

import re
from collections.abc import Callable
from typing import Any

import celery
import pytest
from celery.app.defaults import SETTING_KEYS
from celery.utils.imports import symbol_by_name
from celery.worker.consumer import Consumer

from celery_health import presets
from celery_health.presets import poison_tasks
from celery_health.presets.page import presets as every_preset

# Read by the Redis result backend of every supported Celery, and missing in its own list of settings.
UNLISTED = {"redis_backend_health_check_interval"}


@pytest.mark.parametrize("name", every_preset())
def test_celery_knows_every_setting(name: str) -> None:
    assert every_preset()[name].keys() - UNLISTED <= SETTING_KEYS


@pytest.mark.parametrize("name", every_preset())
def test_every_setting_has_its_trade_off(name: str) -> None:
    preset = every_preset()[name]

    assert preset.trade_offs.keys() == preset.keys()
    assert all(sentence.endswith(".") for sentence in preset.trade_offs.values())


def test_one_line_makes_delivery_reliable() -> None:
    app = celery.Celery("app", set_as_current=False)
    app.conf.update(presets.reliable())

    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.task_track_started
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.worker_max_tasks_per_child == 1000
    assert app.conf.broker_connection_retry_on_startup
    assert app.conf.broker_connection_max_retries is None


def test_a_worker_may_give_up_after_ten_attempts() -> None:
    preset = presets.reliable(connection_attempts=presets.CONNECTION_ATTEMPTS)

    assert preset["broker_connection_max_retries"] == 10


def test_each_task_has_its_own_rate_limit() -> None:
    app = celery.Celery("app", set_as_current=False)
    app.conf.update(presets.rate_limits({"shop.mail": "10/m", "shop.report": "0.5/s"}))

    def work() -> None: ...

    tasks = [app.task(name=name)(work) for name in ("shop.mail", "shop.report", "shop.other")]
    assert [task.rate_limit for task in tasks] == ["10/m", "0.5/s", None]


@pytest.mark.parametrize(
    ("task", "rate", "words"),
    [
        ("shop.*", "10/m", "'shop.*' is a pattern: name each task"),
        ("shop.mail", "10", "is '10': use a number above 0 for a second, minute or hour, such as 5/s"),
        ("shop.mail", "10/d", "is '10/d': use a number"),
        ("shop.mail", "0/s", "is '0/s': use a number"),
        ("shop.mail", "ten/s", "is 'ten/s': use a number"),
    ],
)
def test_a_rate_limit_that_celery_would_not_apply_is_refused(task: str, rate: str, words: str) -> None:
    with pytest.raises(presets.PresetError, match=re.escape(words)):
        presets.rate_limits({task: rate})


@pytest.mark.parametrize(
    ("version", "known"), [("5.3.6", False), ("5.4.0", False), ("5.5.0rc1", True), ("5.10.0", True)]
)
def test_a_setting_is_left_out_where_celery_does_not_know_it(
    version: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(celery, "__version__", version)

    assert ("worker_soft_shutdown_timeout" in presets.reliable()) is known


def test_the_right_preset_takes_precedence_and_dicts_are_joined() -> None:
    own = {"broker_transport_options": {"global_keyprefix": "shop:", "socket_timeout": 5}}

    joined = presets.reliable() | presets.redis_broker() | own | {"task_acks_late": False}

    options = joined["broker_transport_options"]
    assert options["global_keyprefix"] == "shop:"
    assert options["socket_timeout"] == 5
    assert options["socket_keepalive"] is True
    assert joined["task_acks_late"] is False
    assert "broker_transport_options" in joined.trade_offs
    assert "task_acks_late" in joined.trade_offs


def test_a_plain_dict_on_the_left_is_joined_too() -> None:
    own = {"broker_transport_options": {"global_keyprefix": "shop:"}, "task_acks_late": False}

    joined = own | presets.reliable() | presets.redis_broker()

    assert joined["broker_transport_options"]["global_keyprefix"] == "shop:"
    assert joined["task_acks_late"] is True


def test_joining_does_not_change_the_joined_presets() -> None:
    broker = presets.redis_broker()
    joined = broker
    joined |= {"broker_transport_options": {"visibility_timeout": 1}}

    assert joined["broker_transport_options"]["visibility_timeout"] == 1
    assert broker["broker_transport_options"]["visibility_timeout"] == 3600


def test_the_visibility_timeout_exceeds_the_hard_time_limit() -> None:
    visibility = presets.redis_broker()["broker_transport_options"]["visibility_timeout"]

    assert visibility > presets.time_limits()["task_time_limit"]


def test_a_trade_off_names_the_time_that_was_given() -> None:
    limits = presets.time_limits(soft=300, hard=360).trade_offs
    broker = presets.redis_broker(visibility_timeout=7200).trade_offs

    assert limits["task_soft_time_limit"].startswith("After 300 s ")
    assert limits["task_time_limit"].startswith("After 360 s ")
    assert broker["broker_transport_options"].startswith("visibility_timeout 7200 s: ")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: presets.reliable(connection_attempts=0), "use 1 or more, or None"),
        (lambda: presets.time_limits(soft=60, hard=60), "use 0 < soft < hard"),
        (lambda: presets.time_limits(soft=0), "use 0 < soft < hard"),
        (lambda: presets.redis_broker(visibility_timeout=0), "use 1 second or more"),
        (lambda: presets.queues({"shop.mail": "mail"}), "'mail': use one of default, email, media"),
        (presets.retries, "Name the exceptions"),
        (lambda: presets.retries(OSError, attempts=0), "attempts=0: use 1 or more"),
        (lambda: presets.retries(OSError, first_pause=0), "first_pause=0: use 1 or more"),
        (lambda: presets.log_files(max_bytes=0), "max_bytes=0: use 1 or more"),
        (lambda: presets.log_files(backups=0), "backups=0: use 1 or more"),
    ],
)
def test_an_invalid_argument_is_refused_with_what_to_use_instead(ask: Callable[[], Any], words: str) -> None:
    with pytest.raises(presets.PresetError, match=words):
        ask()


def test_a_task_is_tried_again_with_growing_pauses() -> None:
    app = celery.Celery("app", set_as_current=False)

    options = presets.retries(ConnectionError, attempts=3, longest_pause=60)

    def charge() -> None: ...

    task = app.task(name="charge", **options)(charge)

    assert task.max_retries == 3
    assert task.autoretry_for == (ConnectionError,)
    assert (task.retry_backoff, task.retry_backoff_max, task.retry_jitter) == (1, 60, True)


def test_a_task_goes_to_the_queue_of_its_route_or_to_default() -> None:
    app = celery.Celery("app", set_as_current=False)
    app.conf.update(presets.queues({"shop.mail.*": "email"}))

    def queue_of(name: str) -> str:
        return str(app.amqp.router.route({}, name)["queue"].name)

    assert queue_of("shop.mail.send") == "email"
    assert queue_of("shop.order") == "default"
    assert queue_of("celery.backend_cleanup") == "maintenance"


def test_each_queue_is_bound_by_its_own_name_only() -> None:
    app = celery.Celery("app", set_as_current=False)
    app.conf.update(presets.queues())

    bound = {name: (queue.exchange.name, queue.routing_key) for name, queue in app.amqp.queues.items()}

    assert bound == {name: (name, name) for name in ("default", "email", "media", "reports", "maintenance")}


def test_quarantine_names_a_consumer_that_exists() -> None:
    consumer = symbol_by_name(presets.quarantine()["worker_consumer"])

    assert issubclass(consumer, Consumer)


@pytest.mark.parametrize("missing", [None, ModuleNotFoundError("celery_probe")])
def test_quarantine_says_what_to_install(missing: Exception | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(_: str) -> None:
        if missing:
            raise missing

    monkeypatch.setattr(poison_tasks, "find_spec", find)
    with pytest.raises(presets.PresetError, match="pip install celery-operator"):
        presets.quarantine()
