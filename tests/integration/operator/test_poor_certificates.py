"""The operator on an API server whose certificates a strict verification refuses, as many clusters have."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from tools.cluster.controlplane.standalone import ControlPlane

from celery_health.tls import STRICT_PYTHON, client_context
from celery_operator.kinds import DEPLOYMENT
from tests.integration.api.apiserver import ApiServer
from tests.integration.operator.conftest import with_crd
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.world import World


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """In place of the folder's API server."""
    with ControlPlane(tmp_path_factory.mktemp("poor"), poor_certificates=True) as plane:
        yield plane


@pytest.fixture(scope="module")
def api(plane: ControlPlane) -> ApiServer:
    return with_crd(plane)


def test_a_strict_verification_refuses_these_certificates(plane: ControlPlane) -> None:
    address = urlsplit(plane.url)
    context = client_context(ca_file=plane.ca_certificate, python=STRICT_PYTHON)
    with (
        socket.create_connection((address.hostname, address.port), timeout=10) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(connection, server_hostname=address.hostname)


def test_the_operator_leads_watches_and_applies_there(operator: OperatorProcess, world: World) -> None:
    world.create_shop()
    world.until_owned_objects("shop-default", "shop-mail")
    # The watches are kopf's: a deletion that they report is repaired.
    world.delete(DEPLOYMENT, "shop-mail")
    world.until_owned_objects("shop-default", "shop-mail")
    assert "CERTIFICATE" not in operator.words()
