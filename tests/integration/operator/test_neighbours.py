"""A resource is reconciled as usual beside others whose host names never resolve."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from tests.integration.api.apiserver import Object
from tests.integration.operator.operator_process import OperatorProcess, metric
from tests.integration.operator.world import World, group, within

NEIGHBOURS = 16
"""Each has two host names: together more than asyncio has threads to resolve names."""

# Python imports this module at its start. A name server that does not answer keeps getaddrinfo for a minute.
TAR_PIT = """
import socket
import threading

real = socket.getaddrinfo


def getaddrinfo(host, *others, **named):
    if str(host).endswith(".tar.pit"):
        threading.Event().wait()
    return real(host, *others, **named)


socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
def operator(plane: ControlPlane, world: World, tmp_path: Path) -> Iterator[OperatorProcess]:
    """An operator whose name server answers for no name that ends in .tar.pit."""
    (tmp_path / "sitecustomize.py").write_text(TAR_PIT)
    process = OperatorProcess(
        plane.kubeconfig,
        tmp_path / "operator-0.log",
        f"--namespaces={world.namespace}",
        f"--lease-namespace={world.namespace}",
        "--broker-networks=127.0.0.1/32,::1/128",
        "--log-format=text",
        path=[tmp_path],
    )
    yield process.start().until_it_leads()
    process.kill()


def sources(number: int) -> Object:
    """Broker and result backend of a neighbour."""
    scheme = ("redis", "amqp")[number % 2]
    return {
        "broker": {"url": f"{scheme}://broker-{number}.tar.pit"},
        "resultBackend": {"url": f"redis://results-{number}.tar.pit"},
    }


def test_names_that_do_not_resolve_delay_no_neighbour(
    operator: OperatorProcess, world: World, broker: RedisServer
) -> None:
    for number in range(NEIGHBOURS):
        world.create_shop(f"tar-pit-{number}", workers=[group("default", replicas=0)], **sources(number))

    def all_wait() -> bool:
        """Each has been reconciled, so that its host names are being resolved."""
        text = operator.get("/metrics")[1]
        labels = {"namespace": world.namespace, "reconcile": "health"}
        return all(
            metric(
                text,
                "celery_operator_reconciles_total",
                {**labels, "resource": f"tar-pit-{number}"},
            )
            for number in range(NEIGHBOURS)
        )

    wait_for(all_wait, timeout=60, describe=operator.words)

    def is_reached() -> bool:
        return world.condition("BrokerReachable").get("status") == "True"

    with within(BUSY_SECONDS, is_reached, "the first status of a neighbour"):
        world.create_shop(
            broker={"url": f"redis://localhost:{broker.port}/0"}, workers=[group("default", replicas=0)]
        )
    assert operator.leads(), operator.words()
