"""kubectl as the tests use it: the same commands that a person would type."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.testbed.waiting import wait_for

Object = dict[str, Any]


class KubectlError(AssertionError):
    """kubectl refused or failed; the message is what it printed."""


@dataclass(frozen=True, slots=True)
class Kube:
    """A cluster, through its kubectl."""

    kubectl: Path
    kubeconfig: Path

    def command(self, *args: str) -> list[str]:
        """The whole command line."""
        return [str(self.kubectl), f"--kubeconfig={self.kubeconfig}", *args]

    def run(self, *args: str, stdin: str | None = None, timeout: float = 60, check: bool = True) -> str:
        """What the command printed on standard output; raises KubectlError where it fails."""
        done = subprocess.run(
            self.command(*args), input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(args)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout if done.returncode == 0 else done.stderr

    def json(self, *args: str) -> Any:
        """The parsed output of ``kubectl ... -o json``."""
        return json.loads(self.run(*args, "-o", "json"))

    def get(self, namespace: str, kind: str, name: str) -> Object | None:
        """The object, or None where there is none."""
        found = self.run("-n", namespace, "get", kind, name, "-o", "json", "--ignore-not-found")
        return json.loads(found) if found.strip() else None

    def list(self, namespace: str, kind: str, selector: str = "") -> list[Object]:
        """The objects of a kind, oldest first."""
        select = ["-l", selector] if selector else []
        items: list[Object] = self.json("-n", namespace, "get", kind, *select)["items"]
        return sorted(items, key=lambda item: item["metadata"]["creationTimestamp"])

    def apply(self, namespace: str, *objects: Mapping[str, Any]) -> str:
        """``kubectl apply`` of the objects."""
        manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        return self.run("-n", namespace, "apply", "-f", "-", stdin=manifest)

    def patch(self, namespace: str, kind: str, name: str, change: Mapping[str, Any]) -> None:
        """A JSON merge patch."""
        self.run("-n", namespace, "patch", kind, name, "--type=merge", "-p", json.dumps(change))

    def proxy(self, namespace: str, pod: str, port: int, path: str) -> Any:
        """The JSON that a pod's HTTP port answers, through the API server."""
        return json.loads(
            self.run("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/{path}")
        )

    def until(self, what: str, check: Callable[[], Any], timeout: float = 60, interval: float = 0.25) -> Any:
        """Wait until the check gives something true; a kubectl failure counts as not yet."""

        def attempt() -> Any:
            try:
                return check()
            except (KubectlError, json.JSONDecodeError):
                return None

        return wait_for(attempt, timeout=timeout, interval=interval, describe=what)
