"""The pod of the monitor, and that workers do not change with it."""

from ipaddress import ip_network
from pathlib import Path, PurePath
from typing import Any

import pytest
from click.testing import CliRunner

from celery_monitor import __main__ as program
from celery_monitor.settings import HistorySettings, Settings
from celery_monitor.settings.alerts.channels import Header
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.monitor_deployment import monitor_deployment
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.settings import ObjectSettings
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
    "alerts": {
        "pageUrl": "https://monitor.shop.example/celery",
        "webhooks": [
            {
                "name": "pager",
                "url": "https://pager.example/hook",
                "signingSecretFrom": {"secretKeyRef": {"name": "shop", "key": "signing"}},
                "header": {
                    "name": "Authorization",
                    "valueFrom": {"secretKeyRef": {"name": "pager", "key": "token"}},
                },
            }
        ],
        "emails": [
            {
                "name": "ops",
                "urlFrom": {"secretKeyRef": {"name": "shop", "key": "smtp"}},
                "from": "Celery <alerts@shop.example>",
                "to": ["ann@shop.example"],
            }
        ],
        "apprise": [{"name": "phone", "urlFrom": {"secretKeyRef": {"name": "shop", "key": "phone"}}}],
        "networks": ["127.0.0.0/8"],
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


def pod(monitor: dict[str, Any], settings: ObjectSettings = SETTINGS, **fields: Any) -> dict[str, Any]:
    deployment = monitor_deployment(OWNER, spec(monitor, **fields), settings)
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def environment(monitor: dict[str, Any], settings: ObjectSettings = SETTINGS) -> dict[str, Any]:
    (container,) = pod(monitor, settings)["containers"]
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


SECRETS = {
    "CELERY_BROKER_URL": "redis://redis:6379/0",
    "CELERY_MONITOR_TOKEN": "token-of-the-administrator",
    "CELERY_MONITOR_PUSH_TOKEN": "token-of-the-operator",
    "CELERY_MONITOR_SESSION_SECRET": "s" * 43,
    "CELERY_MONITOR_JWT_SECRET": "j" * 43,
}
"""What the Secrets of variables hold."""
MOUNTED = {
    ("shop", "signing"): "s" * 32,
    ("pager", "token"): "Bearer token-of-the-pager",
    ("shop", "smtp"): "smtp://ann:password@mail.example",
    ("shop", "phone"): "ntfy://topic",
}
"""What the Secrets of files hold."""


def mount_alerts(folder: Path, monitor: dict[str, Any] = IN_FULL) -> Path:
    """The volume of the alerts as the kubelet mounts it. Returns the file in it."""
    folder.mkdir()
    template = monitor_deployment(OWNER, spec(monitor), SETTINGS)["spec"]["template"]
    (volume,) = [one for one in template["spec"]["volumes"] if one["name"] == "alerts"]
    for source in volume["projected"]["sources"]:
        if secret := source.get("secret"):
            for item in secret["items"]:
                path = folder / item["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(MOUNTED[secret["name"], item["key"]])
        for item in source.get("downwardAPI", {}).get("items", ()):
            name = item["fieldRef"]["fieldPath"].removeprefix("metadata.annotations['").removesuffix("']")
            (folder / item["path"]).write_text(template["metadata"]["annotations"][name])
    return folder / PurePath(environment(IN_FULL)["CELERY_MONITOR_ALERTS_FILE"]).name


def started(variables: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of the program with these variables."""
    found: list[Settings] = []
    monkeypatch.setattr(program, "start", found.append)
    given = {name: SECRETS.get(name, value) for name, value in variables.items()}
    result = CliRunner().invoke(program.main, [], env=given, auto_envvar_prefix="CELERY_MONITOR")
    assert result.exit_code == 0, result.output
    return found[0]


def test_the_monitor_understands_every_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("ann viewer token-of-ann-0123456789\n")
    given = environment(IN_FULL)
    given["CELERY_MONITOR_TOKEN_FILE"] = str(tmp_path / "tokens")
    given["CELERY_MONITOR_ALERTS_FILE"] = str(mount_alerts(tmp_path / "alerts"))

    settings = started(given, monkeypatch)

    assert settings.connection.broker.address == "redis://redis:6379/0"
    assert (settings.server.host, settings.server.url_prefix) == ("0.0.0.0", "/celery")
    assert settings.server.proxies == (ip_network("10.0.0.1"),)
    assert (settings.history.url, settings.history.schema) == ("postgresql://postgres/celery", "shop")
    # What the resource keeps by default is what the program keeps by default.
    default = HistorySettings(url="")
    assert settings.history.retention_days == default.retention_days
    assert settings.history.retention_tasks == default.retention_tasks
    assert {one.name: one.role for one in settings.access.tokens} == {"token": "admin", "ann": "viewer"}
    assert (settings.access.push_token, settings.access.metrics_public) == ("token-of-the-operator", True)
    assert settings.access.jwt is not None
    assert settings.access.jwt.issuer == "us"
    assert settings.alerts.names == ["pager", "ops", "phone"]
    assert settings.alert_rules.page_url == "https://monitor.shop.example/celery"
    (webhook,), (email,) = settings.alerts.webhooks, settings.alerts.emails
    assert webhook.signing_secret == "s" * 32
    assert webhook.header == Header("Authorization", "Bearer token-of-the-pager")
    assert (email.server.user, email.server.password) == ("ann", "password")
    assert settings.alerts.networks == (ip_network("127.0.0.0/8"),)
    assert settings.is_ours("default@shop-default-6d5f")
    assert not settings.is_ours("default@store-default-6d5f")


def test_the_monitor_reads_as_many_and_as_long_channels_as_the_resource_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = {"urlFrom": {"secretKeyRef": {"name": "shop", "key": "phone"}}}
    names = [f"{'n' * 60}-{number}" for number in range(10)]
    to = [f"{'a' * 64}@{'shop.' * 36}{number:02}.example"[:254] for number in range(20)]
    email = {"url": "smtp://mail.shop.example", "from": f"{'a' * 64} <a@shop.example>", "to": to}
    alerts = {
        "webhooks": [{"name": f"w{one}", "url": f"https://pager.example/{'p' * 2026}"} for one in names],
        "emails": [{"name": f"e{one}", **email} for one in names],
        "apprise": [{"name": f"a{one}", **url} for one in names],
    }
    largest = {"alerts": alerts}
    given = environment(largest)
    given["CELERY_MONITOR_ALERTS_FILE"] = str(mount_alerts(tmp_path / "alerts", largest))

    assert len(started(given, monkeypatch).alerts.names) == 30


def test_every_variable_is_an_option_of_the_monitor() -> None:
    known = {name.upper() for option in program.main.params if (name := option.name)}
    prefix = "CELERY_MONITOR_"
    given = {name.removeprefix(prefix) for name in environment(IN_FULL) if name.startswith(prefix)}
    assert given <= known


def test_the_monitor_reads_queues_and_judges_backlogs_as_the_operator_does() -> None:
    url = "http://rabbitmq:15672"
    given = spec(
        {},
        broker={"url": "amqp://rabbitmq", "managementUrl": url},
        health={"backlogThreshold": 20},
    )
    container = monitor_deployment(OWNER, given, SETTINGS)["spec"]["template"]["spec"]["containers"][0]
    found = {one["name"]: one.get("value") for one in container["env"]}
    assert found["CELERY_MONITOR_MANAGEMENT_URL"] == url
    assert found["CELERY_MONITOR_BACKLOG_THRESHOLD"] == "20"
    assert not {f"CELERY_MONITOR_{one}" for one in ("MANAGEMENT_URL", "IGNORE_QUEUE", "MASTER_NAME")} & set(
        environment({})
    )


def test_the_monitor_leaves_out_the_same_queues_and_asks_sentinels_for_the_same_master() -> None:
    given = spec(
        {},
        broker={"url": "sentinel://a:26379/0", "masterName": "mymaster"},
        health={"ignoreQueues": ["*.dead", "of others"]},
    )
    container = monitor_deployment(OWNER, given, SETTINGS)["spec"]["template"]["spec"]["containers"][0]
    found = {one["name"]: one.get("value") for one in container["env"]}
    assert found["CELERY_MONITOR_MASTER_NAME"] == "mymaster"
    assert found["CELERY_MONITOR_IGNORE_QUEUE"] == "*.dead,of?others"


def test_urls_from_secrets_are_never_copied() -> None:
    monitor = {"database": {"urlFrom": {"secretKeyRef": {"name": "shop", "key": "history"}}}}
    found = environment(monitor)
    assert found["CELERY_BROKER_URL"] == {"secretKeyRef": {"name": "shop", "key": "broker"}}
    assert found["DATABASE_URL"] == {"secretKeyRef": {"name": "shop", "key": "history"}}
    assert found["CELERY_MONITOR_TOKEN"] == {"secretKeyRef": {"name": "shop-monitor", "key": "token"}}


def test_the_url_of_the_page_needs_no_channel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monitor = {"alerts": {"pageUrl": "http://10.0.0.5:8555"}}
    given = environment(monitor)
    given["CELERY_MONITOR_ALERTS_FILE"] = str(mount_alerts(tmp_path / "alerts", monitor))
    settings = started(given, monkeypatch)
    assert (settings.alerts.names, settings.alert_rules.page_url) == ([], "http://10.0.0.5:8555")


def test_no_secret_of_alerts_is_in_the_pod_itself() -> None:
    template = monitor_deployment(OWNER, spec(IN_FULL), SETTINGS)["spec"]["template"]
    assert all(secret not in str(template) for secret in MOUNTED.values())


def test_without_alerts_the_pod_is_as_before() -> None:
    template = monitor_deployment(OWNER, spec({}), SETTINGS)["spec"]["template"]
    assert "annotations" not in template["metadata"]
    assert "alerts" not in str(template)


def test_a_changed_channel_changes_the_pod_of_the_monitor() -> None:
    other = {**IN_FULL, "alerts": {**IN_FULL["alerts"], "networks": []}}
    built = [monitor_deployment(OWNER, spec(one), SETTINGS)["spec"]["template"] for one in (IN_FULL, other)]
    assert built[0] != built[1]


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


@pytest.mark.parametrize(
    ("monitor", "writable"),
    [({}, {"/tmp", "/data"}), (IN_FULL, {"/tmp"})],
    ids=["SQLite", "PostgreSQL"],
)
def test_the_container_is_read_only_but_for_its_volumes(monitor: dict[str, Any], writable: set[str]) -> None:
    found = pod(monitor)
    (container,) = found["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["runAsUser"] == 1000
    secrets = {one["name"] for one in found["volumes"] if one.keys() & {"secret", "projected"}}
    assert {one["mountPath"] for one in container["volumeMounts"] if one["name"] not in secrets} == writable
