"""The cluster under measurement, and a namespace of our own in it."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.testbed.kube import Kube, KubeError, Object
from tools.testbed.shop import REDIS_IMAGE, REDIS_LOOP, pod, service

from bench.errors import BenchError

OPERATOR = "app.kubernetes.io/name=celery-operator"


def connect() -> Kube:
    """The cluster that KUBECONFIG names, through the kubectl that KUBECTL names.

    Raises:
        BenchError: there is no such cluster, or CeleryDeployments are unknown to it.
    """
    kubectl = os.environ.get("KUBECTL") or shutil.which("kubectl")
    kubeconfig = Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not kubectl or not kubeconfig.is_file():
        raise BenchError(
            "There is no cluster: bring one up with `make deploy`, and set KUBECONFIG to its kubeconfig and "
            "KUBECTL to a kubectl. `make bench` does all of that."
        )
    kube = Kube(Path(kubectl), kubeconfig)
    try:
        kube.run("get", "crd", "celerydeployments.celery-operator.dev", "-o", "name")
    except KubeError as error:
        raise BenchError(f"The cluster has no operator, `make deploy` installs it: {error}") from error
    return kube


@contextmanager
def namespace(kube: Kube) -> Iterator[str]:
    """A namespace under Pod Security restricted, with a Redis that answers; gone after the block."""
    name = f"bench-{uuid.uuid4().hex[:6]}"
    kube.run("create", "namespace", name)
    try:
        kube.run("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
        kube.apply(
            name, pod("redis", REDIS_IMAGE, ["sh", "-c", REDIS_LOOP], port=6379), service("redis", 6379)
        )
        kube.run("-n", name, "wait", "--for=condition=Ready", "pod/redis", "--timeout=90s", timeout=100)
        yield name
    finally:
        kube.run("delete", "namespace", name, "--timeout=120s", timeout=130)


def leading_operator(kube: Kube) -> Object:
    """The operator's pod that holds the Lease.

    Raises:
        BenchError: none does.
    """
    pods = kube.list("", "pods", OPERATOR)
    leases = kube.list("", "leases")
    holders = {
        (lease["metadata"]["namespace"], lease.get("spec", {}).get("holderIdentity")) for lease in leases
    }
    for each in pods:
        if (each["metadata"]["namespace"], each["metadata"]["name"]) in holders:
            return each
    raise BenchError(f"None of the {len(pods)} pods with the label {OPERATOR} holds a Lease.")


def image_megabytes(kube: Kube, image: str) -> float | None:
    """What the image takes on the node, in MB; None where the node does not list it."""
    nodes = kube.list("", "nodes")
    for node in nodes:
        for image_names in node["status"].get("images", []):
            if any(name == image or name.endswith(f"/{image}") for name in image_names.get("names") or []):
                return float(image_names["sizeBytes"]) / 1_000_000
    return None
