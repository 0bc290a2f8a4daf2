"""Which flows NetworkPolicies admit."""

from dataclasses import replace
from typing import Any

import pytest

from celery_operator.resources.network_policies import network_policies
from celery_operator.resources.ownership import ResourceIdentity
from tests.unit.decide.build import spec
from tests.unit.resources.golden import SETTINGS

SHOP = ResourceIdentity("market", "shop", "uid-shop")
OPERATOR = {"podSelector": {"matchLabels": {"app": "operator"}}}
PROMETHEUS = {"namespaceSelector": {"matchLabels": {"team": "monitoring"}}}
ON = replace(SETTINGS, network_policies=True, operator_peers=(OPERATOR,), metrics_peers=(PROMETHEUS,))
OFF = replace(ON, network_policies=False)
PROXY = replace(ON, sidecars_reached_by_pods=False)
MANAGED: dict[str, Any] = {"broker": {"managed": {}}}


@pytest.mark.parametrize(
    ("settings", "changes", "names"),
    [
        (OFF, {}, []),
        (ON, {}, ["shop-sidecars"]),
        (OFF, {"networkPolicies": True}, ["shop-sidecars"]),
        (ON, {"networkPolicies": False}, []),
        (OFF, MANAGED, ["shop-redis"]),
        (ON, MANAGED, ["shop-sidecars", "shop-redis"]),
        (ON, {**MANAGED, "networkPolicies": False}, []),
        (PROXY, {"networkPolicies": True}, []),
        (PROXY, {**MANAGED, "networkPolicies": True}, ["shop-redis"]),
    ],
)
def test_the_field_of_the_resource_wins_over_the_setting(
    settings: Any, changes: dict[str, Any], names: list[str]
) -> None:
    found = network_policies(SHOP, spec(**changes), settings)

    assert [one["metadata"]["name"] for one in found] == names


def test_only_the_operator_and_readers_of_metrics_reach_the_sidecars_of_workers_and_beat() -> None:
    (policy,) = network_policies(SHOP, spec(), ON)

    assert policy["spec"]["ingress"] == [
        {"from": [OPERATOR, PROMETHEUS], "ports": [{"port": 9809, "protocol": "TCP"}]}
    ]
    selector = policy["spec"]["podSelector"]
    assert selector["matchLabels"]["app.kubernetes.io/instance"] == "shop"
    assert selector["matchExpressions"][0]["values"] == ["worker", "beat"]


def test_only_the_namespace_and_the_operator_reach_the_managed_redis() -> None:
    (policy,) = network_policies(SHOP, spec(**MANAGED), OFF)

    assert policy["spec"]["ingress"] == [
        {"from": [{"podSelector": {}}, OPERATOR], "ports": [{"port": 6379, "protocol": "TCP"}]}
    ]


def test_without_a_peer_nothing_is_admitted_instead_of_everything() -> None:
    (policy,) = network_policies(SHOP, spec(networkPolicies=True), SETTINGS)

    assert policy["spec"]["ingress"] == []
