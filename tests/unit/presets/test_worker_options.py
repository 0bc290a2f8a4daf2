"""The worker's options from its environment."""

import logging
from collections.abc import Iterator

import pytest
from celery import signals

from celery_health import presets
from celery_health.presets import environment


@pytest.fixture(autouse=True)
def no_log_level_is_left_behind() -> Iterator[None]:
    yield
    for signal in (signals.after_setup_logger, signals.after_setup_task_logger):
        signal.disconnect(dispatch_uid=environment._UID)


def test_an_empty_environment_changes_nothing() -> None:
    assert presets.worker_options({}) == {}
    assert presets.worker_options({"CELERY_WORKER_CONCURRENCY": " ", "CELERY_LOG_LEVEL": ""}) == {}


def test_numbers_become_settings() -> None:
    options = presets.worker_options(
        {"CELERY_WORKER_CONCURRENCY": "4", "CELERY_WORKER_MAX_TASKS_PER_CHILD": " 500 "}
    )

    assert options == {"worker_concurrency": 4, "worker_max_tasks_per_child": 500}


def test_other_names_of_the_variables_count_where_the_first_are_not_set() -> None:
    assert presets.worker_options({"CELERY_CONCURRENCY": "2"}) == {"worker_concurrency": 2}
    both = {"CELERY_WORKER_CONCURRENCY": "4", "CELERY_CONCURRENCY": "2"}
    assert presets.worker_options(both) == {"worker_concurrency": 4}

    logger = logging.getLogger("test_worker_options")
    presets.worker_options({"CELERY_LOGLEVEL": "info"})
    signals.after_setup_logger.send(sender=None, logger=logger)
    assert logger.level == logging.INFO


def test_the_last_log_level_asked_for_is_put_on_celerys_loggers() -> None:
    logger = logging.getLogger("test_worker_options")
    presets.worker_options({"CELERY_LOG_LEVEL": "error"})
    presets.worker_options({"CELERY_LOG_LEVEL": "debug"})

    signals.after_setup_logger.send(sender=None, logger=logger)
    assert logger.level == logging.DEBUG

    logger.setLevel(logging.INFO)
    signals.after_setup_task_logger.send(sender=None, logger=logger)
    assert logger.level == logging.DEBUG


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CELERY_WORKER_CONCURRENCY", "many", "is 'many': use a whole number of 1 or more, such as 4"),
        ("CELERY_WORKER_CONCURRENCY", "0", "is '0': use a whole number of 1 or more"),
        ("CELERY_WORKER_CONCURRENCY", "1_0", "is '1_0': use a whole number"),
        (
            "CELERY_WORKER_MAX_TASKS_PER_CHILD",
            "-1",
            "is '-1': use a whole number of 1 or more, such as 1000",
        ),
        ("CELERY_WORKER_MAX_TASKS_PER_CHILD", "2.5", "is '2.5': use a whole number"),
        ("CELERY_CONCURRENCY", "all", "is 'all': use a whole number of 1 or more"),
        ("CELERY_LOGLEVEL", "loud", "is 'loud': use one of DEBUG"),
        ("CELERY_LOG_LEVEL", "loud", "is 'loud': use one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(name: str, value: str, words: str) -> None:
    with pytest.raises(presets.PresetError, match=f"^{name} {words}"):
        presets.worker_options({name: value})
