"""What the tests of the kubectl plugin do to a cluster, and how they run the plugin."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery_operator.api.status import CeleryDeploymentStatus

Object = dict[str, Any]

CRD = Path(__file__).parents[3] / "crds" / "celerydeployments.yaml"
PLUGIN = Path(sys.executable).with_name("kubectl-celery")
RESOURCE = "celerydeployments.celery-operator.dev"


@dataclass(frozen=True)
class Outcome:
    """How the plugin ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its output, where that is JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Cluster:
    """An API server without an operator: the test writes the status."""

    kubectl: Path
    kubeconfig: Path

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl printed."""
        command = [str(self.kubectl), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def apply(self, manifest: Mapping[str, Any]) -> None:
        """Server-side apply."""
        self.run("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))

    def get(self, kind: str, name: str, namespace: str) -> Object:
        """The object."""
        found: Object = json.loads(self.run("get", kind, name, "-n", namespace, "-o", "json"))
        return found

    def set_status(self, kind: str, name: str, namespace: str, status: Mapping[str, Any]) -> None:
        """Write a status, as a controller would."""
        patch = json.dumps({"status": status})
        place = ["-n", namespace, "--subresource=status", "--type=merge", "-p", patch]
        self.run("patch", kind, name, *place)

    def plugin(self, *arguments: str, **env: str) -> Outcome:
        """Run the plugin to its end."""
        done = subprocess.run(
            [str(PLUGIN), *arguments],
            env=self.environment(**env),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr)

    def environment(self, **env: str) -> dict[str, str]:
        """The surroundings in which the plugin finds this cluster."""
        own = {"KUBECTL": str(self.kubectl), "KUBECONFIG": str(self.kubeconfig)}
        return {**os.environ, **own, **env}


@dataclass(frozen=True)
class Shop:
    """A namespace with one CeleryDeployment of two groups and beat."""

    cluster: Cluster
    namespace: str
    name: str = "shop"

    def create(self, name: str = "shop", **background: Any) -> None:
        """Make the CeleryDeployment; ``background`` are more fields of that group."""
        self.cluster.apply(
            {
                "apiVersion": "celery-operator.dev/v1alpha1",
                "kind": "CeleryDeployment",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {
                    "app": "shop.celery",
                    "image": "shop:1",
                    "broker": {"url": "redis://redis:6379/0"},
                    "beat": {"enabled": True},
                    "workers": [
                        {"name": "orders", "queues": ["default", "email"], "replicas": 2},
                        {"name": "background", "queues": ["media"], **background},
                    ],
                },
            }
        )

    def set_status(self, name: str = "shop", **fields: Any) -> None:
        """Write its status, as the operator would: only what the operator's own model allows."""
        generation = self.resource(name)["metadata"]["generation"]
        status = CeleryDeploymentStatus.model_validate({"observedGeneration": generation, **fields})
        self.cluster.set_status(RESOURCE, name, self.namespace, status.wire())

    def resource(self, name: str = "shop") -> Object:
        """The CeleryDeployment as it is stored."""
        return self.cluster.get(RESOURCE, name, self.namespace)

    def annotations(self) -> dict[str, str]:
        """Its annotations."""
        found: dict[str, str] = self.resource()["metadata"].get("annotations", {})
        return found

    def run(self, *arguments: str, **env: str) -> Outcome:
        """Run the plugin in this namespace."""
        return self.cluster.plugin(*arguments, "--namespace", self.namespace, **env)

    def deployment(self, part: str, component: str, replicas: int) -> None:
        """What the operator makes for a group or for beat; no pod will come of it here."""
        labels = {
            "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/managed-by": "celery-operator",
            "app.kubernetes.io/component": component,
        }
        if component == "worker":
            labels["celery-operator.dev/group"] = part
        self.cluster.apply(
            {
                "apiVersion": "apps/v1",
                "kind": _kind(part),
                "metadata": {"name": f"shop-{part}", "namespace": self.namespace, "labels": labels},
                "spec": {
                    **({"serviceName": ""} if _kind(part) == "StatefulSet" else {}),
                    "replicas": replicas,
                    "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {"containers": [{"name": "worker", "image": "shop:1"}]},
                    },
                },
            }
        )

    def roll_out(self, part: str, updated: int, available: int | None = None) -> None:
        """Put the resource's annotations on the pods, and say how many are new."""
        template = {"spec": {"template": {"metadata": {"annotations": self.annotations()}}}}
        self.cluster.run(
            "patch",
            _kind(part),
            f"shop-{part}",
            "-n",
            self.namespace,
            "--type=merge",
            "-p",
            json.dumps(template),
        )
        found = self.cluster.get(_kind(part), f"shop-{part}", self.namespace)
        available = updated if available is None else available
        counts = {"updatedReplicas": updated, "replicas": max(updated, 1), "availableReplicas": available}
        counts |= {"readyReplicas": available, "observedGeneration": found["metadata"]["generation"]}
        self.cluster.set_status(_kind(part), f"shop-{part}", self.namespace, counts)


def _kind(part: str) -> str:
    return "StatefulSet" if part == "beat" else "Deployment"
