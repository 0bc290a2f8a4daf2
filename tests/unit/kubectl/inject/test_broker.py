"""The sidecar has the URL of the broker as the worker's container has it, and no more than that needs."""

from typing import Any

import pytest

from celery_kubectl.inject.environment import broker_fields, broker_name

SECRET = {"secretKeyRef": {"name": "shop", "key": "url"}}


def container(*env: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "worker", "env": [*env], **fields}


def variables(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "value": f"of {name}"} for name in names]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("A", "BROKER_URL", "CELERY_BROKER_URL"), "CELERY_BROKER_URL"),
        (("REDIS_URL", "AIRFLOW__CELERY__BROKER_URL"), "AIRFLOW__CELERY__BROKER_URL"),
        (("PAPERLESS_REDIS", "BROKER_URL"), "BROKER_URL"),
        (("PAPERLESS_REDIS",), "PAPERLESS_REDIS"),
        (("CELERY_BROKER",), "CELERY_BROKER"),
        (("REDIS_URL", "CACHE_URL"), None),
        ((), None),
    ],
)
def test_the_variable_is_known_by_its_name(names: tuple[str, ...], found: str | None) -> None:
    assert broker_name(container(*variables(*names))) == found


def test_a_container_without_variables_shows_no_broker() -> None:
    assert broker_name({"name": "worker"}) is None


def test_a_value_from_a_secret_is_taken_as_it_is() -> None:
    worker = container({"name": "BROKER_URL", "valueFrom": SECRET}, *variables("OTHER"))
    assert broker_fields(worker, "BROKER_URL") == {
        "env": [{"name": "CELERY_BROKER_URL", "valueFrom": SECRET}]
    }


def test_the_variables_that_the_value_refers_to_come_along() -> None:
    needed: list[dict[str, Any]] = [
        {"name": "PASSWORD", "valueFrom": SECRET},
        {"name": "USER", "value": "$$(NO) $(PASSWORD) $(USER)"},
        {"name": "LOGIN", "value": "$(USER):$(PASSWORD)"},
    ]
    url = {"name": "BROKER_URL", "value": "redis://$(LOGIN)@redis/$$(OTHER)"}
    worker = container(*variables("OTHER"), *needed, url, envFrom=[{"secretRef": {"name": "shop"}}])
    fields = broker_fields(worker, "BROKER_URL")
    assert fields == {"env": [*needed, {"name": "CELERY_BROKER_URL", "value": url["value"]}]}


def test_a_reference_into_a_secret_as_a_whole_brings_the_secret_along() -> None:
    sources = [{"secretRef": {"name": "shop"}}]
    url = {"name": "CELERY_BROKER_URL", "value": "redis://:$(PASSWORD)@redis"}
    assert broker_fields(container(url, envFrom=sources), "CELERY_BROKER_URL") == {
        "env": [url],
        "envFrom": sources,
    }


def test_a_variable_of_a_config_map_as_a_whole_is_referred_to() -> None:
    sources = [{"configMapRef": {"name": "shop"}}]
    worker = container(envFrom=sources)
    assert broker_fields(worker, "REDIS_URL") == {
        "env": [{"name": "CELERY_BROKER_URL", "value": "$(REDIS_URL)"}],
        "envFrom": sources,
    }
    assert broker_fields(worker, "CELERY_BROKER_URL") == {"env": [], "envFrom": sources}


def test_a_variable_that_is_nowhere_is_an_error() -> None:
    with pytest.raises(KeyError):
        broker_fields(container(*variables("A")), "REDIS_URL")
