"""Tokens of service accounts, checked by a real API server that has poor certificates, as many have."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.waiting import wait_for_async

from celery_monitor.settings import AccessSettings, Role
from celery_monitor.web.identity.caller import CredentialCheckError, Source
from celery_monitor.web.identity.kubernetes_api import VERBS, ApiServer
from tests.integration.api.apiserver import ApiServer as Administrator
from tests.support.monitor_web import API, served

NAMESPACE = "shop"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
MONITOR, STRANGER = "monitor", "stranger"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Service accounts for the monitor, for each role, and for someone without permissions."""
    with ControlPlane(tmp_path_factory.mktemp("plane"), poor_certificates=True) as found:
        administrator = Administrator(found)
        _create(administrator, "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        for name in (MONITOR, STRANGER, *Role):
            metadata = {"metadata": {"name": str(name)}}
            _create(administrator, f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", metadata)
        for role, verb in VERBS:
            rule = {"apiGroups": ["celery-operator.dev"], "resources": ["celerydeployments"], "verbs": [verb]}
            metadata = {"metadata": {"name": str(role)}}
            _create(administrator, f"{RBAC}/namespaces/{NAMESPACE}/roles", {**metadata, "rules": [rule]})
            binding = {**metadata, **_grant("Role", str(role), str(role))}
            _create(administrator, f"{RBAC}/namespaces/{NAMESPACE}/rolebindings", binding)
        yield found


@pytest.fixture(scope="module")
def administrator(plane: ControlPlane) -> Administrator:
    return Administrator(plane)


@pytest.fixture
def api_server(plane: ControlPlane, administrator: Administrator, tmp_path: Path) -> ApiServer:
    """As in the monitor's pod: its token, its namespace, the cluster's authority."""
    (tmp_path / "token").write_text(_token(administrator, MONITOR))
    (tmp_path / "namespace").write_text(NAMESPACE)
    (tmp_path / "ca.crt").write_bytes(plane.ca_certificate.read_bytes())
    return ApiServer(plane.url, tmp_path)


def _create(administrator: Administrator, path: str, body: dict[str, Any]) -> Any:
    answer = administrator.request("POST", path, body)
    assert answer.status == 201, answer.message
    return answer.body


def _grant(kind: str, name: str, account: str) -> dict[str, Any]:
    return {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
    }


def _token(administrator: Administrator, account: str, *audiences: str) -> str:
    spec = {"spec": {"audiences": list(audiences)} if audiences else {}}
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
    return str(_create(administrator, path, spec)["status"]["token"])


async def test_tokens_get_the_role_of_their_permissions_once_the_monitor_may_ask(
    api_server: ApiServer, administrator: Administrator, plane: ControlPlane
) -> None:
    with pytest.raises(CredentialCheckError, match="system:auth-delegator"):
        await api_server.review(_token(administrator, Role.ADMIN))
    binding = {"metadata": {"name": "monitor"}, **_grant("ClusterRole", "system:auth-delegator", MONITOR)}
    _create(administrator, f"{RBAC}/clusterrolebindings", binding)

    async def may_ask() -> bool:
        """Whether the API server knows the new permission."""
        try:
            await api_server.review("nonsense")
        except CredentialCheckError:
            return False
        return True

    await wait_for_async(may_ask, 60)
    for role in Role:
        caller = await api_server.review(_token(administrator, role))
        assert caller is not None
        assert caller.name == f"system:serviceaccount:{NAMESPACE}:{role}"
        assert (caller.role, caller.source) == (role, Source.KUBERNETES)
    stranger = await api_server.review(_token(administrator, STRANGER))
    assert stranger is not None
    assert stranger.role is None

    good = _token(administrator, Role.ADMIN)
    forged = good[:-8] + ("A" * 8 if not good.endswith("A" * 8) else "B" * 8)
    for token in ("nonsense", forged, _token(administrator, Role.ADMIN, "vault")):
        assert await api_server.review(token) is None

    access = AccessSettings(kubernetes_tokens=True)
    async with served(access=access, review=api_server.review) as client:
        for token, path, status in (
            (_token(administrator, Role.VIEWER), "workers", 200),
            (_token(administrator, Role.VIEWER), "audit", 403),
            (_token(administrator, STRANGER), "workers", 401),
            (forged, "workers", 401),
            ("", "workers", 401),
        ):
            response = await client.get(f"{API}/{path}", headers={"Authorization": f"Bearer {token}"})
            assert response.status == status, await response.text()
            assert not token or token not in await response.text()
        # A session ends with its token, which a service account has for an hour.
        response = await client.post(f"{API}/login", json={"token": good})
        assert response.status == 200, await response.text()
        assert abs((await response.json())["expires"] - time.time() - 3_600) < 300

    with plane.api_outage(), pytest.raises(CredentialCheckError):
        await api_server.review(good)
