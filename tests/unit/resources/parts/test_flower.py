"""Flower's pod: nothing secret is in it, and its readiness asks the API as a user does."""

from typing import Any

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.generated_secrets import flower_secret
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.parts.flower import READY_SCRIPT, flower_deployment, flower_service
from tests.unit.resources.golden import SECRETS

OWNER = ResourceIdentity("default", "shop", "uid")


def container(**flower: Any) -> dict[str, Any]:
    spec = CeleryDeploymentSpec.model_validate(
        {
            "app": "shop.celery",
            "image": "shop:1",
            "broker": {"managed": {}},
            "env": [{"name": "OF_THE_WORKERS", "value": "1"}],
            "workers": [{"name": "default"}],
            "flower": {"enabled": True, **flower},
        }
    )
    (found,) = flower_deployment(OWNER, spec)["spec"]["template"]["spec"]["containers"]
    return dict(found)


def variables(**flower: Any) -> dict[str, Any]:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container(**flower)["env"]}


def test_users_come_from_the_generated_secret_or_from_that_of_the_user() -> None:
    generated = {"secretKeyRef": {"name": "shop-flower", "key": "basic-auth"}}
    theirs = {"secretKeyRef": {"name": "flower", "key": "users"}}
    assert variables()["FLOWER_BASIC_AUTH"] == generated
    assert variables(basicAuthFrom=theirs)["FLOWER_BASIC_AUTH"] == theirs
    assert "basic-auth" in flower_secret(OWNER, SECRETS.flower)["data"]


def test_it_has_the_broker_and_its_own_variables_and_none_of_the_workers() -> None:
    found = variables(urlPrefix="/flower", env=[{"name": "FLOWER_MAX_TASKS", "value": "5"}], args=["--debug"])
    assert found["CELERY_BROKER_URL"] == {"secretKeyRef": {"name": "shop-redis", "key": "url"}}
    assert (found["FLOWER_URL_PREFIX"], found["FLOWER_MAX_TASKS"]) == ("/flower", "5")
    assert "OF_THE_WORKERS" not in found
    assert container(args=["--debug"])["command"] == ["celery", "flower", "--debug"]


def test_readiness_asks_the_api_with_a_password_that_is_not_in_the_pod() -> None:
    assert container()["readinessProbe"]["exec"]["command"] == ["python", "-c", READY_SCRIPT]
    assert SECRETS.flower["password"] not in str(container())


def test_the_service_leads_to_port_5555() -> None:
    (port,) = flower_service(OWNER)["spec"]["ports"]
    (of_pod,) = container()["ports"]
    assert (port["port"], port["targetPort"]) == (5555, of_pod["name"])
    assert of_pod["containerPort"] == 5555
