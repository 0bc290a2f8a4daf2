"""An API server with CeleryDeployments whose pods run nowhere: the sidecars of all are one program."""

import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import yaml
from tests.integration.api.apiserver import MERGE, ApiServer, Object
from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.servers import free_port
from tools.testbed.waiting import wait_for

from bench.errors import BenchError
from bench.programs import ROOT, Program, running
from celery_operator.api import names
from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, POD, Kind

NAMESPACE = Kind("v1", "Namespace", "namespaces")
CRD = ROOT / "crds" / "celerydeployments.yaml"
START_SECONDS = 180.0
SETTLE_SECONDS = 600.0


class World:
    """The API server, as the bench uses it: it creates resources, and plays kubelet and controllers."""

    def __init__(self, plane: ControlPlane) -> None:
        self._api = ApiServer(plane)
        self._addresses = count(1)
        definition = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{names.PLURAL}.{names.GROUP}"
        self._must(201, "PATCH", definition, yaml.safe_load(CRD.read_text()))
        served = CELERY_DEPLOYMENT.path(None)
        wait_for(
            lambda: self._api.request("GET", served).status == 200,
            timeout=START_SECONDS,
            describe="the CRD is served",
        )

    def create_namespace(self, name: str) -> None:
        """A namespace for resources and a Lease."""
        self._must(201, "POST", NAMESPACE.path(None), {"metadata": {"name": name}})

    def create(self, namespace: str, name: str, spec: Object) -> None:
        """A CeleryDeployment."""
        body = {
            "apiVersion": CELERY_DEPLOYMENT.api_version,
            "kind": CELERY_DEPLOYMENT.kind,
            "metadata": {"name": name},
            "spec": spec,
        }
        self._must(201, "POST", CELERY_DEPLOYMENT.path(namespace), body)

    def requests(self) -> float:
        """Requests that the API server has answered so far, but for watches."""
        text = self._api.request("GET", "/metrics").body["message"]
        lines = [line for line in text.splitlines() if line.startswith("apiserver_request_total{")]
        return sum(float(line.rpartition(" ")[2]) for line in lines if 'verb="WATCH"' not in line)

    def deployment(self, namespace: str, name: str) -> Object | None:
        """A Deployment, or None where there is none."""
        answer = self._api.request("GET", DEPLOYMENT.path(namespace, name))
        return answer.body if answer.status == 200 else None

    def until_deployment(self, namespace: str, name: str) -> Object:
        """A Deployment, once the operator has created it."""
        return wait_for(
            lambda: self.deployment(namespace, name), timeout=SETTLE_SECONDS, describe=f"Deployment {name}"
        )

    def until_observed(self, namespace: str, name: str) -> None:
        """Wait until the resource has a status of its present generation."""

        def observed() -> bool:
            body = self._api.request("GET", CELERY_DEPLOYMENT.path(namespace, name)).body
            return bool(body.get("status", {}).get("observedGeneration"))

        wait_for(observed, timeout=SETTLE_SECONDS, describe=f"a status of {name}")

    def run_pods(self, namespace: str, deployment: str, number: int) -> None:
        """Let a Deployment have this number of pods, all Running and Ready."""
        body = self.until_deployment(namespace, deployment)
        for one in range(number):
            self._run_pod(namespace, f"{deployment}-{one}", body["spec"]["template"]["metadata"]["labels"])
        status = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), number)
        self._change(
            DEPLOYMENT,
            namespace,
            deployment,
            {"status": {**status, "observedGeneration": body["metadata"]["generation"]}},
        )

    def _run_pod(self, namespace: str, name: str, labels: Mapping[str, str]) -> None:
        pod = {
            "metadata": {"name": name, "labels": dict(labels)},
            "spec": {"containers": [{"name": names.WORKER_CONTAINER, "image": "shop:1"}]},
        }
        self._must(201, "POST", POD.path(namespace), pod)
        number = next(self._addresses)
        address = f"127.1.{number // 250}.{1 + number % 250}"
        started = "2026-01-01T00:00:00Z"
        container = {
            "name": names.WORKER_CONTAINER,
            "image": "shop:1",
            "imageID": "",
            "ready": True,
            "started": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": started}},
        }
        status = {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready")],
            "containerStatuses": [container],
        }
        self._change(POD, namespace, name, {"status": status})

    def _change(self, kind: Kind, namespace: str, name: str, change: Object) -> None:
        self._must(200, "PATCH", kind.path(namespace, name, "status"), change, MERGE)

    def _must(
        self, status: int, method: str, path: str, body: Object, content_type: str = "application/json"
    ) -> None:
        if content_type == "application/json" and method == "PATCH":
            answer = self._api.apply(path, body)
        else:
            answer = self._api.request(method, path, body, content_type=content_type)
        if answer.status != status:
            raise BenchError(f"{method} {path}: HTTP {answer.status}: {answer.message}")


class Operator:
    """The operator under measurement."""

    def __init__(self, program: Program, port: int) -> None:
        self.program = program
        self._port = port

    @property
    def pid(self) -> int:
        """Its process."""
        return self.program.pid

    def leads(self) -> bool:
        """Whether its caches are filled and its loops run."""
        self.program.must_run()
        return self._get("/readyz") == "leading\n"

    def value(self, series: str) -> float:
        """The sum of a series over all its labels; 0 where there is none."""
        lines = [
            line
            for line in self._get("/metrics").splitlines()
            if line.startswith((f"{series}{{", f"{series} "))
        ]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def _get(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=30) as answer:
                text: str = answer.read().decode()
                return text
        except OSError:
            return ""


@contextmanager
def operator(plane: ControlPlane, namespace: str, log: Path, root: Path = ROOT) -> Iterator[Operator]:
    """The operator of the source tree ``root``, once it leads in this namespace."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "celery_operator",
        "run",
        f"--port={port}",
        f"--namespaces={namespace}",
        f"--lease-namespace={namespace}",
        "--log-level=warning",
    ]
    environment = {
        "KUBECONFIG": str(plane.kubeconfig),
        # The broker listens there. By a variable, because an earlier version has no such flag.
        "CELERY_OPERATOR_BROKER_NETWORKS": "127.0.0.0/8",
        "PYTHONPATH": os.pathsep.join(str(root / folder) for folder in ("health", "probe", "operator")),
    }
    with running(command, environment, log) as program:
        found = Operator(program, port)
        wait_for(found.leads, timeout=START_SECONDS, describe="the operator leads")
        yield found
