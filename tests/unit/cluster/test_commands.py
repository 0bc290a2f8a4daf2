"""The command lines of the control plane."""

from pathlib import Path

import pytest
from tools.cluster.controlplane import commands
from tools.cluster.controlplane.commands import Ports
from tools.cluster.controlplane.trust import Trust, make_trust


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return make_trust(tmp_path_factory.mktemp("pki"), ["127.0.0.1"])


def _apiserver(trust: Trust, *, address: str, controllers: bool) -> list[str]:
    return commands.apiserver(
        Path("kube-apiserver"),
        trust,
        Ports(),
        address=address,
        service_cidr="10.0.0.0/24",
        controllers=controllers,
    )


def test_on_loopback_the_api_server_is_not_published_as_an_endpoint(trust: Trust) -> None:
    words = _apiserver(trust, address="127.0.0.1", controllers=True)
    assert {"--bind-address=127.0.0.1", "--endpoint-reconciler-type=none"} <= set(words)


def test_without_controllers_pods_need_no_service_account(trust: Trust) -> None:
    plugin = "--disable-admission-plugins=ServiceAccount"
    assert plugin in _apiserver(trust, address="127.0.0.1", controllers=False)
    assert plugin not in _apiserver(trust, address="10.1.0.2", controllers=True)


def test_certificates_are_kept_when_they_are_there(trust: Trust) -> None:
    folder = trust.authority.folder
    before = {path.name: path.read_bytes() for path in folder.glob("*.crt")}
    make_trust(folder, ["127.0.0.1"])
    assert {path.name: path.read_bytes() for path in folder.glob("*.crt")} == before


def test_private_keys_are_readable_by_their_owner_only(trust: Trust) -> None:
    assert trust.authority.folder.stat().st_mode & 0o077 == 0
