"""Settings of the operator that go into the owned objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celery_operator.api.alert_rules import ALL_RULES, AlertRules
from celery_operator.api.template_fields import ALL_FIELDS, TemplateFields


@dataclass(frozen=True, slots=True)
class ObjectSettings:
    """Settings that do not come from the resource."""

    probe_image: str
    """Image of the agent's init container and of the probe sidecar."""
    probe_image_pull_policy: str
    """Pull policy of that image: Always, IfNotPresent or Never."""
    monitor_image: str
    """Image of the monitor, where the resource names none."""
    monitor_image_pull_policy: str
    """Pull policy of that image."""
    fixed_user_ids: bool = True
    """Whether pods of our own images run as users that we choose. False where the cluster assigns users, as
    OpenShift does.
    """
    template_fields: TemplateFields = ALL_FIELDS
    """What the template of a resource may set."""
    network_policies: bool = False
    """Whether resources have NetworkPolicies that do not say so themselves."""
    sidecars_reached_by_pods: bool = True
    """Whether the operator's pods reach the sidecars themselves. Requests through the API server come from no
    pod that a NetworkPolicy could name.
    """
    operator_peers: tuple[dict[str, Any], ...] = ()
    """The operator's pods, as a NetworkPolicy names them. Empty: the operator reaches no pod directly."""
    metrics_peers: tuple[dict[str, Any], ...] = ()
    """Who else may read the metrics of sidecars."""
    alerts: AlertRules = ALL_RULES
    """The alert rules, as far as the resource's template of the monitor does not replace them."""


def peer(namespace: Mapping[str, str], pods: Mapping[str, str]) -> dict[str, Any]:
    """Pods of a namespace by the labels of both, as a NetworkPolicy names them."""
    return {
        "namespaceSelector": {"matchLabels": dict(namespace)},
        "podSelector": {"matchLabels": dict(pods)},
    }
