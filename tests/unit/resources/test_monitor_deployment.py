"""The pod of the monitor, and that workers do not change with it."""

from typing import Any

import pytest

from celery_monitor.settings.options import OPTIONS
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.monitor_deployment import monitor_deployment
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.worker_deployment import worker_deployment
from tests.unit.resources.golden import SETTINGS

OWNER = ResourceIdentity("default", "shop", "uid")
IN_FULL: dict[str, Any] = {
    "enabled": True,
    "database": {"url": "postgresql://postgres/celery", "schemaName": "shop"},
    "urlPrefix": "/celery",
    "access": {
        "tokensFrom": {"secretKeyRef": {"name": "shop", "key": "tokens"}},
        "jwt": {"secretFrom": {"secretKeyRef": {"name": "shop", "key": "jwt"}}, "issuer": "us"},
        "publicMetrics": True,
        "trustedProxies": ["10.0.0.1"],
    },
}


def spec(monitor: dict[str, Any], **fields: Any) -> CeleryDeploymentSpec:
    whole = {
        "app": "shop.celery",
        "image": "shop:1",
        "broker": {"urlFrom": {"secretKeyRef": {"name": "shop", "key": "broker"}}},
        "workers": [{"name": "default"}],
        "monitor": {"enabled": True, **monitor},
        **fields,
    }
    return CeleryDeploymentSpec.model_validate(whole)


def pod(monitor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    deployment = monitor_deployment(OWNER, spec(monitor, **fields), SETTINGS)
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def environment(monitor: dict[str, Any]) -> dict[str, Any]:
    return {
        one["name"]: one.get("value", one.get("valueFrom")) for one in pod(monitor)["containers"][0]["env"]
    }


def test_every_variable_is_an_option_of_the_monitor() -> None:
    known = {f"CELERY_MONITOR_{name}" for option in OPTIONS for name in _names(option)}
    given = {name for name in environment(IN_FULL) if name.startswith("CELERY_MONITOR_")}
    assert given <= known


def _names(option: Any) -> list[str]:
    def command() -> None: ...

    return [parameter.name.upper() for parameter in option(command).__click_params__]


def test_urls_from_secrets_are_never_copied() -> None:
    monitor = {"database": {"urlFrom": {"secretKeyRef": {"name": "shop", "key": "history"}}}}
    found = environment(monitor)
    assert found["CELERY_BROKER_URL"] == {"secretKeyRef": {"name": "shop", "key": "broker"}}
    assert found["DATABASE_URL"] == {"secretKeyRef": {"name": "shop", "key": "history"}}
    assert found["CELERY_MONITOR_TOKEN"] == {"secretKeyRef": {"name": "shop-monitor", "key": "token"}}


def test_the_monitor_sees_the_workers_of_its_own_resource() -> None:
    assert environment({})["CELERY_MONITOR_WORKERS_PATTERN"] == "*@shop-*"


@pytest.mark.parametrize(
    ("database", "strategy"),
    [(None, "Recreate"), ({"storage": {}}, "Recreate"), ({"url": "postgresql://pg/celery"}, "RollingUpdate")],
)
def test_two_monitors_never_write_one_sqlite_file(database: dict[str, Any] | None, strategy: str) -> None:
    deployment = monitor_deployment(OWNER, spec({"database": database}), SETTINGS)
    assert deployment["spec"]["strategy"]["type"] == strategy


def test_probes_are_below_the_url_prefix() -> None:
    container = pod({"urlPrefix": "/celery"})["containers"][0]
    assert container["readinessProbe"]["httpGet"]["path"] == "/celery/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/celery/healthz"


def test_the_monitor_keeps_running_while_the_resource_is_suspended() -> None:
    assert monitor_deployment(OWNER, spec({}, suspend=True), SETTINGS)["spec"]["replicas"] == 1


def test_the_pod_has_no_access_to_the_api_server() -> None:
    assert pod({})["automountServiceAccountToken"] is False


@pytest.mark.parametrize("monitor", [{"enabled": False}, {}, IN_FULL])
def test_workers_are_the_same_with_and_without_a_monitor(monitor: dict[str, Any]) -> None:
    before, after = spec({"enabled": False}), spec(monitor)
    built = [
        worker_deployment(OWNER, one, one.workers[0], SETTINGS, replicas=1)["spec"]["template"]
        for one in (before, after)
    ]
    assert built[0] == built[1]
