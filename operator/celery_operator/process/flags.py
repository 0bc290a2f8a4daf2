"""The command line of one operator process: settings from flags and their environment variables."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

import click

from celery_health.alerts.rule import Rule
from celery_health.readers.access import Network
from celery_operator.api.alert_rules import AlertRules
from celery_operator.api.template_fields import parse_fields
from celery_operator.kube import SERVICE_ACCOUNT
from celery_operator.process import flag_values
from celery_operator.process.flag_values import BrokerNetworks, Checked, Flag
from celery_operator.process.settings import LeaseSettings, PullPolicy, Settings


def _own_namespace() -> str:
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except OSError:
        return "default"


_PULL_POLICY = click.Choice(get_args(PullPolicy))
_DEFAULTS = {field.name: field.default for field in fields(Settings)} | {"namespaces": ""}

_Command = Callable[..., Settings]


def _flag(
    name: str,
    kind: click.ParamType[Any],
    text: str,
    *,
    default: Callable[[], str] | str | None = None,
    shown: str | bool = True,
    variables: tuple[str, ...] = (),
) -> Callable[[_Command], _Command]:
    """A flag whose default is that of the setting of the same name, unless ``default`` gives it.

    ``shown``: what the help calls the default. ``variables``: environment variables that count where the
    flag's own is not set.
    """
    setting = name.removeprefix("--").replace("-", "_")
    return click.option(
        name,
        setting,
        cls=Flag,
        type=kind,
        default=_DEFAULTS[setting] if default is None else default,
        envvar=(f"CELERY_OPERATOR_{setting.upper()}", *variables),
        show_envvar=True,
        show_default=shown,
        help=text,
    )


@click.group(no_args_is_help=False)
def _cli() -> None:
    """Reconcile CeleryDeployments. Every flag can be given as an environment variable too."""


@_cli.command(name="run")
@_flag(
    "--namespaces",
    Checked("names", flag_values.namespaces),
    "Comma-separated namespaces to watch; none means all.",
)
@_flag("--probe-image", Checked("image", flag_values.image), "Image of the sidecar and the agent.")
@_flag("--probe-image-pull-policy", _PULL_POLICY, "When the kubelet pulls the probe image.")
@_flag(
    "--probe-rollouts",
    click.IntRange(min=0),
    "CeleryDeployments that get a new probe image at a time; 0 means all at once.",
)
@_flag("--monitor-image", Checked("image", flag_values.image), "Image of the monitor.")
@_flag("--monitor-image-pull-policy", _PULL_POLICY, "When the kubelet pulls the monitor's image.")
@_flag(
    "--user-ids",
    click.Choice(["fixed", "assigned"]),
    "Run sidecars, monitors and managed Redis as fixed users, or as the cluster assigns them (OpenShift).",
)
@_flag(
    "--reconcile-seconds", Checked("seconds", flag_values.seconds), "Seconds between two reconciles, 1 to 60."
)
@_flag(
    "--lease-namespace",
    Checked("name", flag_values.namespace),
    "Namespace of the Lease that elects the leader.",
    default=_own_namespace,
    shown="that of the pod",
    variables=("POD_NAMESPACE",),
)
@_flag(
    "--lease-name", Checked("name", flag_values.object_name), "Name of that Lease.", default="celery-operator"
)
@_flag(
    "--identity",
    Checked("name", flag_values.identity),
    "Name of this process in the Lease; must differ between replicas.",
    default=socket.gethostname,
    shown="the host's name",
    variables=("POD_NAME",),
)
@_flag(
    "--broker-networks",
    Checked("networks", flag_values.networks),
    "Comma-separated networks in which brokers and result backends may be; none means all.",
    default="",
    shown=False,
)
@_flag(
    "--refused-broker-networks",
    Checked("networks", flag_values.networks),
    "Networks in which they may not be, in addition to loopback, link-local and the API server's addresses.",
    default="",
    shown=False,
)
@_flag(
    "--network-policies",
    click.Choice(["on", "off"]),
    "NetworkPolicies for resources that do not say so themselves.",
)
@_flag(
    "--operator-labels",
    Checked("labels", flag_values.labels),
    "Labels of the operator's pods, such as app=x,part=y, for NetworkPolicies.",
    default="",
    shown=False,
)
@_flag(
    "--metrics-peers",
    Checked("JSON", flag_values.peers),
    "JSON list of NetworkPolicy peers that may read the metrics of sidecars.",
    default="",
    shown=False,
)
@_flag(
    "--port",
    Checked("port", flag_values.port),
    "Port of /livez, /readyz and /metrics; 0 takes any free port.",
)
@_flag(
    "--report-access",
    click.Choice(["direct", "proxy"]),
    "Read sidecars directly, or through the API server's pod proxy (outside the cluster).",
)
@_flag(
    "--secret-access",
    click.Choice(["named", "own"]),
    "Read the Secrets that resources name, or only the operator's own.",
)
@_flag(
    "--template-fields",
    Checked("fields", parse_fields),
    "Fields that templates may set: all, restricted, or a comma-separated list.",
    default="all",
)
@_flag(
    "--alert-rules",
    Checked("JSON", flag_values.alert_rules),
    "Changed alert rules, as in metrics.prometheusRule.rules of the chart.",
    default="",
    shown=False,
)
@_flag(
    "--runbook-url",
    Checked("URL", flag_values.url),
    "Where the runbooks are published, such as https://HOST/runbooks.",
    default="",
    shown=False,
)
@_flag("--log-level", click.Choice(["debug", "info", "warning", "error"]), "Lowest level that is logged.")
@_flag("--log-format", click.Choice(["json", "text"]), "Format of the log.")
def _run(
    *,
    lease_namespace: str,
    lease_name: str,
    identity: str,
    alert_rules: tuple[Rule, ...],
    runbook_url: str,
    broker_networks: tuple[Network, ...],
    refused_broker_networks: tuple[Network, ...],
    **values: Any,
) -> Settings:
    """Watch CeleryDeployments, and create, scale and heal what they describe."""
    lease = LeaseSettings(lease_namespace, lease_name, identity)
    networks = BrokerNetworks(broker_networks, refused_broker_networks)
    alerts = AlertRules(alert_rules, runbook_url)
    return Settings(lease=lease, alerts=alerts, broker_networks=networks, **values)


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from flags, then from the environment, then the defaults.

    Raises SystemExit: with status 2 and a sentence on standard error for a value that cannot be used, with
    status 0 after ``--help``.
    """
    try:
        settings = _cli.main(
            args=list(arguments), prog_name="celery-operator", standalone_mode=False, obj=environment
        )
    except click.UsageError as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    if not isinstance(settings, Settings):
        raise SystemExit(settings)
    return settings
