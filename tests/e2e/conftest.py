"""The cluster with the operator on it, one namespace a test, and what is printed when a test fails."""

import os
import re
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from tools.testbed.diagnostics import describe_namespace
from tools.testbed.kube import Kube
from tools.testbed.shop import Shop

ROOT = Path(__file__).resolve().parents[2]


LIMIT_SECONDS = 450
"""For a whole test: an outage of a minute, and pods that start three at a time, take their time.

All waits of a test together may be longer: they do not all last until their ends.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test here the time that a cluster takes.

    Those that may take longest begin first: with several at a time, none is left alone at the end.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(LIMIT_SECONDS))
    items.sort(key=_limit, reverse=True)


def _limit(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0


@pytest.fixture(scope="session")
def kube() -> Kube:
    """The cluster that ``make test-e2e`` brought up and deployed to."""
    return Kube(kubectl=Path(os.environ["KUBECTL"]), kubeconfig=Path(os.environ["KUBECONFIG"]))


@pytest.fixture
def namespace(kube: Kube, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace under Pod Security restricted, gone after the test."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    name = f"{words[:40].rstrip('-')}-{uuid.uuid4().hex[:6]}"
    kube.run("create", "namespace", name)
    kube.run("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    kube.run("delete", "namespace", name, "--wait=false")


@pytest.fixture
def shop(kube: Kube, namespace: str) -> Shop:
    """A namespace with Redis and a toolbox pod that are ready."""
    shop = Shop(kube, namespace)
    shop.start()
    return shop


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add events, logs and resources of the test's namespace to the report of a failure."""
    report = yield
    if report.failed and report.when == "call":
        arguments = getattr(item, "funcargs", {})
        if "kube" in arguments and "namespace" in arguments:
            text = describe_namespace(arguments["kube"], arguments["namespace"])
            report.sections.append(("cluster", text))
    return report
