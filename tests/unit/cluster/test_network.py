"""Addresses: every checkout has its own, and none that the machine uses."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest
from tools.cluster.errors import ClusterError
from tools.cluster.layout import Layout
from tools.cluster.node.network import BLOCKS, Network, free_block


def test_a_checkout_gets_the_same_block_again_when_it_is_free() -> None:
    assert free_block([], preferred=7) == free_block([IPv4Network("192.168.0.0/16")], preferred=7)


def test_a_block_that_is_routed_somewhere_is_passed_over() -> None:
    first = free_block([], preferred=3)
    assert free_block([IPv4Network(f"10.{first}.7.0/24")], preferred=3) != first


def test_the_search_goes_round_the_range() -> None:
    last = len(BLOCKS) - 1
    assert free_block([IPv4Network(f"10.{BLOCKS[last]}.0.0/16")], preferred=last) == BLOCKS[0]


def test_a_default_route_takes_no_block() -> None:
    assert free_block([IPv4Network("0.0.0.0/0")], preferred=0) == BLOCKS[0]


def test_without_a_free_block_the_error_says_what_to_stop() -> None:
    with pytest.raises(ClusterError, match="make cluster-down"):
        free_block([IPv4Network("10.0.0.0/8")], preferred=0)


def test_pods_services_and_node_share_the_routed_block_without_overlap() -> None:
    network = Network(210)
    parts = [IPv4Network(f"{network.node}/32"), IPv4Network(network.pods), IPv4Network(network.services)]
    assert all(part.subnet_of(IPv4Network(network.whole)) for part in parts)
    assert not parts[1].overlaps(parts[2])


def test_two_checkouts_share_no_name_and_names_fit_the_kernel() -> None:
    one, other = Layout(Path("/a/checkout")), Layout(Path("/another/" + "deep/" * 40))
    assert one.namespace != other.namespace
    assert one.cgroup != other.cgroup
    assert len(other.link) <= 15
    assert len(str(other.containerd_socket)) <= 107
