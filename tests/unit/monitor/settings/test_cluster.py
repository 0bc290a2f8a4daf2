"""In a cluster each setting is shown with the command that changes it in the resource."""

import json
import shlex
from typing import Any

from celery_monitor.settings.effective import Resource
from celery_monitor.settings.options import OPTIONS
from celery_monitor.settings.own import OwnSettings
from celery_monitor.settings.setting import ValueSource
from celery_operator.api.crd import custom_resource_definition
from tests.unit.monitor.settings.conftest import Program
from tests.unit.monitor.settings.test_own import BROKER, by_name


async def test_in_a_cluster_each_setting_has_its_command(started: Program) -> None:
    settings = started.settings(
        CELERY_BROKER_URL=BROKER,
        CELERY_MONITOR_RETENTION_DAYS="30",
        CELERY_MONITOR_PROXY="10.0.0.1,10.0.0.2",
        CELERY_MONITOR_WORKERS_PATTERN="*@shop-*",
    )
    own = OwnSettings(settings, lambda: Resource("jobs", "shop"))
    found = await by_name(own)
    assert own.file is None
    assert not any(one.may_save for one in found.values())
    days = found["retention_days"]
    assert (days.source, days.place) == (ValueSource.RESOURCE, "spec.monitor.retention.days")
    assert days.command == (
        "kubectl patch celerydeployment/shop --namespace jobs --type merge --patch "
        """'{"spec": {"monitor": {"retention": {"days": 30}}}}'"""
    )
    assert '{"trustedProxies": ["10.0.0.1", "10.0.0.2"]}' in found["proxy"].command
    assert found["broker"].command == "kubectl edit celerydeployment/shop --namespace jobs"
    assert found["broker"].place == "spec.broker.url"
    assert "spec.monitor.template" in found["workers_pattern"].change


GIVEN = {
    "CELERY_BROKER_URL": BROKER,
    "DATABASE_URL": "postgresql://db/celery",
    "CELERY_MONITOR_MANAGEMENT_URL": "http://rabbitmq:15672",
    "CELERY_MONITOR_BACKLOG_THRESHOLD": "20",
    "CELERY_MONITOR_DATABASE_SCHEMA": "shop",
    "CELERY_MONITOR_RETENTION_TASKS": "5000",
    "CELERY_MONITOR_URL_PREFIX": "/celery",
    "CELERY_MONITOR_PROXY": "10.0.0.1,10.0.0.2",
    "CELERY_MONITOR_JWT_JWKS_URL": "https://issuer/keys",
    "CELERY_MONITOR_JWT_ISSUER": "us",
    "CELERY_MONITOR_JWT_AUDIENCE": "1234",
    "CELERY_MONITOR_METRICS_PUBLIC": "true",
}


TYPES = {int: "integer", str: "string", bool: "boolean", list: "array"}


def leaf(patch: str) -> tuple[list[str], Any]:
    """The path and the value of a patch as a shell passes it."""
    value, path = json.loads(shlex.split(patch)[0]), []
    while isinstance(value, dict):
        ((name, value),) = value.items()
        path.append(name)
    return path, value


def type_of(patch: str) -> str:
    return TYPES[type(leaf(patch)[1])]


def schema_of(patch: str) -> str:
    """The type that the resource wants there."""
    part = custom_resource_definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for name in leaf(patch)[0]:
        part = part["properties"][name]
    return str(part["type"])


async def test_each_command_writes_a_field_of_the_resource_as_its_type_wants(started: Program) -> None:
    tokens, alerts = started.home / "tokens", started.home / "alerts.yaml"
    tokens.write_text("ann viewer token-of-ann-0123456789\n")
    alerts.write_text("networks: [127.0.0.1]\n")
    files = {"CELERY_MONITOR_TOKEN_FILE": str(tokens), "CELERY_MONITOR_ALERTS_FILE": str(alerts)}
    settings = started.settings(**files, **GIVEN)
    patched = set()
    for one in (await by_name(OwnSettings(settings, Resource))).values():
        _, patches, patch = one.command.partition(" --patch ")
        if patches:
            patched.add(one.setting.key)
            assert schema_of(patch) == type_of(patch), one.command
    assert patched == {
        "backlog_threshold",
        "database_schema",
        "retention_days",
        "retention_tasks",
        "url_prefix",
        "proxy",
        "jwt_jwks_url",
        "jwt_issuer",
        "jwt_audience",
        "jwt_role_claim",
        "metrics_public",
    }


def test_each_field_is_one_of_the_resource() -> None:
    schema = custom_resource_definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][
        "spec"
    ]
    for setting in OPTIONS:
        part = schema
        for name in setting.field.split(".") if setting.field else ():
            part = part["properties"][name]
