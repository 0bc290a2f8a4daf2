"""One API server with controllers for the folder; a namespace and an operator of its own for each test."""

import json
import re
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Protocol

import pytest
import redis
import yaml
from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for

from celery_operator.api import names
from celery_operator.kinds import CELERY_DEPLOYMENT, SERVICE_ACCOUNT_KIND
from tests.integration.api.apiserver import ApiServer
from tests.integration.operator.account import kubeconfig_with_token, operator_account
from tests.integration.operator.operator_process import OperatorProcess
from tests.integration.operator.sidecars import QUEUE, Workers, running_workers
from tests.integration.operator.world import NAMESPACE, World

CRD = Path(__file__).parents[3] / "crds" / "celerydeployments.yaml"
SERVED = CELERY_DEPLOYMENT.path(None)


class StartOperator(Protocol):
    """Starts an operator for the test's namespace; it is gone after the test."""

    def __call__(self, *arguments: str, kubeconfig: Path | None = None) -> OperatorProcess: ...


@pytest.fixture(scope="package")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("control-plane"), controllers=True) as plane:
        yield plane


@pytest.fixture(scope="package")
def api(plane: ControlPlane) -> ApiServer:
    server = with_crd(plane)
    # The API server answers before Kubernetes' own controllers run, which make the pods of the tests.
    account = SERVICE_ACCOUNT_KIND.path("default", "default")
    wait_for(lambda: server.request("GET", account).status == 200, describe="the controllers of Kubernetes")
    return server


def with_crd(plane: ControlPlane) -> ApiServer:
    """A client of the API server, which serves our resource from now on."""
    server = ApiServer(plane)
    crd = yaml.safe_load(CRD.read_text())
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert server.apply(f"{definitions}/{names.PLURAL}.{names.GROUP}", crd).status == 201
    wait_for(lambda: server.request("GET", SERVED).status == 200, describe="the CRD is served")
    return server


@pytest.fixture
def world(api: ApiServer, request: pytest.FixtureRequest) -> World:
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())
    name = f"{words[:40].strip('-')}-{uuid.uuid4().hex[:6]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    assert api.request("POST", NAMESPACE.path(None), body).status == 201
    return World(api, name)


@pytest.fixture
def start_operator(plane: ControlPlane, world: World, tmp_path: Path) -> Iterator[StartOperator]:
    started: list[OperatorProcess] = []

    def start(*arguments: str, kubeconfig: Path | None = None) -> OperatorProcess:
        process = OperatorProcess(
            kubeconfig or plane.kubeconfig,
            tmp_path / f"operator-{len(started)}.log",
            f"--namespaces={world.namespace}",
            f"--lease-namespace={world.namespace}",
            # The brokers of the tests, and the API server, listen here.
            "--broker-networks=127.0.0.1/32,::1/128",
            "--log-format=text",
            *arguments,
        )
        started.append(process)
        return process.start()

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def kubeconfig(plane: ControlPlane, world: World, tmp_path: Path) -> Iterator[Path]:
    """That of the chart's ServiceAccount, with the chart's Roles and policies, in the test's namespace."""
    path = tmp_path / "kubeconfig"
    with operator_account(world) as token:
        path.write_text(json.dumps(kubeconfig_with_token(plane, token)))
        yield path


@pytest.fixture
def operator(start_operator: StartOperator) -> OperatorProcess:
    """The one operator of the namespace, leading."""
    return start_operator().until_it_leads()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis with messages that no worker takes."""
    folder = tmp_path / "redis"
    folder.mkdir()
    with redis_server(folder) as server:
        client = redis.Redis.from_url(server.url)
        client.lpush(QUEUE, *(f"message {number}" for number in range(20)))
        client.close()
        yield server


@pytest.fixture
def workers(world: World) -> Iterator[Workers]:
    with running_workers(world) as workers:
        yield workers


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the operators said to the report of a failure."""
    report = yield
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and report.when == "call" and folder is not None:
        for log in sorted(folder.glob("operator-*.log")):
            report.sections.append((log.name, log.read_text()[-8000:]))
    return report
