"""How one operator process runs: settings with a flag, and those without one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from celery_operator.api.alert_rules import ALL_RULES, AlertRules
from celery_operator.api.template_fields import ALL_FIELDS, TemplateFields
from celery_operator.process.flag_values import ALL_NETWORKS, BrokerNetworks
from celery_operator.resources.settings import ObjectSettings, peer

DEFAULT_PROBE_IMAGE = "celery-operator/probe:0.1.0"
DEFAULT_MONITOR_IMAGE = "celery-operator/monitor:0.1.0"

PullPolicy = Literal["Always", "IfNotPresent", "Never"]


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """Which Lease makes this process the leader, and how long it may go unrenewed."""

    namespace: str
    name: str
    identity: str
    """Who we are in the Lease. The same identity takes its own Lease back at once after a crash."""
    duration_seconds: float = 20
    """A follower waits this long after the last renewal that it saw."""
    renew_deadline_seconds: float = 15
    """A leader that could not renew for this long gives up, before a follower may start."""
    retry_seconds: float = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the process was started with."""

    lease: LeaseSettings
    namespaces: tuple[str, ...] = ()
    """Namespaces whose CeleryDeployments are reconciled; empty means all."""
    probe_image: str = DEFAULT_PROBE_IMAGE
    probe_image_pull_policy: PullPolicy = "IfNotPresent"
    probe_rollouts: int = 5
    """How many CeleryDeployments replace their pods for a new probe image at a time; 0 is no limit."""
    monitor_image: str = DEFAULT_MONITOR_IMAGE
    monitor_image_pull_policy: PullPolicy = "IfNotPresent"
    user_ids: Literal["fixed", "assigned"] = "fixed"
    """Users of the pods of our own images: fixed ones, or those that the cluster assigns."""
    reconcile_seconds: float = 4
    """Between two health reconciles of one CeleryDeployment while no object changes."""
    report_access: Literal["direct", "proxy"] = "direct"
    """How sidecars are read: at the pod's address, or through the API server's pod proxy."""
    secret_access: Literal["named", "own"] = "named"  # noqa: S105 - not a secret
    """Which Secrets are read: those that resources name and the operator's own, or only the own ones."""
    template_fields: TemplateFields = ALL_FIELDS
    """What the templates of resources may set."""
    broker_networks: BrokerNetworks = ALL_NETWORKS
    network_policies: Literal["on", "off"] = "off"
    operator_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the operator's pods, which are in the namespace of the Lease."""
    metrics_peers: tuple[dict[str, Any], ...] = ()
    """Who may read the metrics of sidecars, as in ``from`` of a NetworkPolicy."""
    port: int = 8080
    """For /livez, /readyz and /metrics; 0 takes any free port."""
    alerts: AlertRules = ALL_RULES
    """The alerts that are judged and posted as Events, and that the monitors evaluate."""
    log_level: str = "info"
    log_format: Literal["json", "text"] = "json"

    scaling_reconcile_seconds: float = 1
    """Between two health reconciles while a group follows its load or drains workers."""
    secret_poll_seconds: float = 60
    """Between two object reconciles at most, and up to a quarter less. Secrets are read by name and never
    watched: no event reports that the probe Secret was deleted. A new pod needs the Secret, and changes its
    Deployment, of which an event reports.
    """
    fault_poll_seconds: float = 5
    """Between two object reconciles while an owned object cannot be applied: no event reports that a quota
    grew, or that another object of the same name is gone.
    """
    repair_debounce_seconds: float = 0.1
    """Changes of a spec or an owned object that come within this span are one change."""
    reconcile_debounce_seconds: float = 0.4
    """Events that come within this span are one reason for a health reconcile, which costs more."""
    reconcile_limit_seconds: float = 20
    """A reconcile that takes longer is ended and counted as an error."""
    backoff_limit_seconds: float = 30
    request_timeout_seconds: float = 10
    resync_seconds: float = 60
    """Between two LISTs that the caches are compared with."""
    watch_grace_seconds: float = 15
    """How long after a LIST the watch may take to bring the same versions."""

    def for_objects(self) -> ObjectSettings:
        """What of it goes into the owned objects."""
        return ObjectSettings(
            self.probe_image,
            self.probe_image_pull_policy,
            self.monitor_image,
            self.monitor_image_pull_policy,
            fixed_user_ids=self.user_ids == "fixed",
            template_fields=self.template_fields,
            network_policies=self.network_policies == "on",
            sidecars_reached_by_pods=self.report_access == "direct",
            operator_peers=self._own_pods(),
            metrics_peers=self.metrics_peers,
            alerts=self.alerts,
        )

    def _own_pods(self) -> tuple[dict[str, Any], ...]:
        if not self.operator_labels:
            return ()
        namespace = {"kubernetes.io/metadata.name": self.lease.namespace}
        return (peer(namespace, self.operator_labels),)
