"""The cluster as tests and tools use it: commands by kubectl, and reads in this process."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tools.testbed.api import NO_HEADERS, Api, KubeError, Object
from tools.testbed.waiting import wait_for

__all__ = ["Kube", "KubeError", "Object"]


@dataclass(frozen=True)
class Kube:
    """A cluster, through its kubectl and its API."""

    kubectl: Path
    kubeconfig: Path

    @cached_property
    def api(self) -> Api:
        """The API server, for reads: they are polled."""
        return Api(self.kubeconfig)

    def command(self, *args: str) -> list[str]:
        """The whole command line."""
        return [str(self.kubectl), f"--kubeconfig={self.kubeconfig}", *args]

    def run(self, *args: str, stdin: str | None = None, timeout: float = 60, check: bool = True) -> str:
        """What the command printed on standard output; raises KubeError where it fails."""
        done = subprocess.run(
            self.command(*args), input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and done.returncode != 0:
            raise KubeError(f"kubectl {' '.join(args)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout if done.returncode == 0 else done.stderr

    def get(self, namespace: str, kind: str, name: str) -> Object | None:
        """The object, or None where there is none."""
        return self.api.get(namespace, kind, name)

    def list(self, namespace: str, kind: str, selector: str = "") -> list[Object]:
        """The objects of a kind, oldest first; those of every namespace where none is given."""
        found = self.api.list(namespace, kind, selector)
        return sorted(found, key=lambda item: item["metadata"]["creationTimestamp"])

    def execute(
        self,
        namespace: str,
        pod: str,
        *command: str,
        container: str = "",
        stdin: str | None = None,
        timeout: float = 60,
    ) -> str:
        """What the command printed in the pod; raises KubeError where it fails."""
        return self.api.execute(namespace, pod, command, container=container, stdin=stdin, timeout=timeout)

    def apply(self, namespace: str, *objects: Mapping[str, Any]) -> str:
        """``kubectl apply`` of the objects."""
        manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        return self.run("-n", namespace, "apply", "-f", "-", stdin=manifest)

    def patch(self, namespace: str, kind: str, name: str, change: Mapping[str, Any]) -> None:
        """A JSON merge patch."""
        self.run("-n", namespace, "patch", kind, name, "--type=merge", "-p", json.dumps(change))

    def proxy(
        self, namespace: str, pod: str, port: int, path: str, headers: Mapping[str, str] = NO_HEADERS
    ) -> Any:
        """The JSON that a pod's HTTP port answers, through the API server."""
        place = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/{path}"
        return json.loads(self.api.raw(place, headers))

    def until(self, what: str, check: Callable[[], Any], timeout: float = 120, interval: float = 0.25) -> Any:
        """Wait until the check gives something true; a failed read or command counts as not yet."""

        def attempt() -> Any:
            try:
                return check()
            except (KubeError, json.JSONDecodeError):
                return None

        return wait_for(attempt, timeout=timeout, interval=interval, describe=what)
