"""A namespace with a Redis that can be stopped, a pod to type commands in, and CeleryDeployments."""

import json
import shlex
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.testbed.kube import Kube, Object

EXAMPLE_IMAGE = "celery-operator/example:dev"
REDIS_IMAGE = "redis:7.4-alpine"
BROKER_URL = "redis://redis:6379/0"
RESULT_URL = "redis://redis:6379/1"
PROBE_PORT = 9809

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}

# The server stops and comes back inside its container, so that its address and its data stay. Only the
# server dies, never the machine, so nothing has to be synced; a server that waits for its disk writes late.
REDIS_LOOP = """
while true; do
  if [ -e /data/stopped ]; then sleep 0.1; continue; fi
  redis-server --dir /data --appendonly yes --appendfsync no --save "" --protected-mode no \\
    $(cat /data/options 2>/dev/null)
done
"""


def pod(name: str, image: str, command: Sequence[str], port: int | None = None) -> Object:
    """A pod that Pod Security restricted admits, with a writable /data."""
    container: Object = {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    if port:
        container["readinessProbe"] = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
    }


def service(name: str, port: int, app: str | None = None) -> Object:
    """A Service in front of a pod, of the same name unless ``app`` says another."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": app or name}, "ports": [{"port": port}]},
    }


def group(name: str = "default", **fields: Any) -> Object:
    """A worker group with two slots on a queue of its own name."""
    return {"name": name, "queues": [name], "concurrency": 2, **fields}


def celery_deployment(name: str = "shop", **spec: Any) -> Object:
    """A CeleryDeployment of the example application on the namespace's Redis."""
    return {
        "apiVersion": "celery-operator.dev/v1alpha1",
        "kind": "CeleryDeployment",
        "metadata": {"name": name},
        "spec": {
            "app": "shop.celery",
            "image": EXAMPLE_IMAGE,
            "broker": {"url": BROKER_URL},
            "resultBackend": {"url": RESULT_URL},
            "workers": [group()],
            **spec,
        },
    }


@dataclass(frozen=True, slots=True)
class Shop:
    """One namespace of the cluster under test."""

    kube: Kube
    namespace: str

    def start(self) -> None:
        """Bring up Redis and the toolbox pod."""
        self.kube.apply(
            self.namespace,
            pod("redis", REDIS_IMAGE, ["sh", "-c", REDIS_LOOP], port=6379),
            service("redis", 6379),
            pod("toolbox", EXAMPLE_IMAGE, ["sleep", "86400"]),
        )
        self.kube.run(
            "-n",
            self.namespace,
            "wait",
            "--for=condition=Ready",
            "pod/redis",
            "pod/toolbox",
            "--timeout=150s",
            timeout=160,
        )

    def apply(self, manifest: Mapping[str, Any]) -> None:
        """Apply a CeleryDeployment."""
        self.kube.apply(self.namespace, manifest)

    def change(self, change: Mapping[str, Any], name: str = "shop") -> None:
        """Merge a change into a CeleryDeployment's spec."""
        self.kube.patch(self.namespace, "celerydeployment", name, {"spec": change})

    def resource(self, name: str = "shop") -> Object:
        """The CeleryDeployment as it stands."""
        found = self.kube.get(self.namespace, "celerydeployment", name)
        assert found is not None, f"no CeleryDeployment {name} in {self.namespace}"
        return found

    def status(self, name: str = "shop") -> Object:
        """Its status, empty before the first."""
        status: Object = self.resource(name).get("status", {})
        return status

    def condition(self, kind: str, name: str = "shop") -> Object:
        """One condition; empty where it is not there yet."""
        conditions = self.status(name).get("conditions", [])
        return next((condition for condition in conditions if condition["type"] == kind), {})

    def wait_ready(self, name: str = "shop", timeout: int = 150) -> None:
        """What a user types to wait for the workers."""
        self.kube.run(
            "-n",
            self.namespace,
            "wait",
            "--for=condition=Ready",
            f"celerydeployment/{name}",
            f"--timeout={timeout}s",
            timeout=timeout + 10,
        )

    def wait_condition(
        self, kind: str, status: str, containing: str = "", name: str = "shop", timeout: float = 60
    ) -> Object:
        """Wait until the condition has the status and its message the words."""

        def reached() -> Object | None:
            condition = self.condition(kind, name)
            matches = condition.get("status") == status and containing in condition.get("message", "")
            return condition if matches else None

        found: Object = self.kube.until(
            f"{kind}={status} with {containing!r} of {name}", reached, timeout=timeout, interval=0.5
        )
        return found

    def wait_health(self, health: str, name: str = "shop", timeout: float = 60) -> None:
        """Wait until the status has this health."""
        self.kube.until(f"{name} is {health}", lambda: self.status(name).get("health") == health, timeout)

    def pods(self, worker_group: str = "default", name: str = "shop") -> list[Object]:
        """The worker pods of a group that are not being deleted."""
        selector = f"app.kubernetes.io/instance={name},celery-operator.dev/group={worker_group}"
        found = self.kube.list(self.namespace, "pods", selector)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def report(self, pod_name: str) -> Object:
        """What the pod's sidecar reports to the operator."""
        pod = self.kube.get(self.namespace, "pod", pod_name) or {}
        name = pod.get("metadata", {}).get("labels", {}).get("app.kubernetes.io/instance", "shop")
        secret = self.kube.get(self.namespace, "secret", f"{name}-probe") or {}
        token = b64decode(secret.get("data", {}).get("token", "")).decode()
        headers = {"X-Celery-Probe-Token": token}
        found: Object = self.kube.proxy(self.namespace, pod_name, PROBE_PORT, "report", headers)
        return found

    def python(self, code: str, timeout: float = 60, broker: str = BROKER_URL) -> str:
        """Run Python beside the example application, with its broker."""
        words = self._python(code, broker)
        return self.kube.execute(self.namespace, "toolbox", *words, timeout=timeout)

    @staticmethod
    def _python(code: str, broker: str = BROKER_URL) -> list[str]:
        return [
            "env",
            f"CELERY_BROKER_URL={broker}",
            f"CELERY_RESULT_BACKEND={RESULT_URL}",
            "python",
            "-c",
            code,
        ]

    def send(
        self, task: str, *args: Any, queue: str = "default", count: int = 1, broker: str = BROKER_URL
    ) -> list[str]:
        """Send a task of the example application; gives the ids."""
        code = (
            "import json; from shop.celery import app; "
            f"ids = [app.send_task({task!r}, {args!r}, queue={queue!r}).id for _ in range({count})]; "
            "print(json.dumps(ids))"
        )
        ids: list[str] = json.loads(self.python(code, broker=broker))
        return ids

    def results(self, ids: Sequence[str], timeout: float = 60) -> list[Any]:
        """Wait for the results of tasks."""
        code = (
            "import json; from celery.result import AsyncResult; from shop.celery import app; "
            f"print(json.dumps([AsyncResult(i, app=app).get(timeout={timeout}) for i in {list(ids)!r}]))"
        )
        found: list[Any] = json.loads(self.python(code, timeout=timeout + 30))
        return found

    def send_when_possible(self, task: str, *args: Any, queue: str = "default") -> None:
        """Begin to send one task, again and again until the broker takes it; ``sent`` waits for that."""
        code = (
            "import time; from kombu.exceptions import OperationalError; from redis import RedisError; "
            "from shop.celery import app\n"
            "while True:\n"
            "    try:\n"
            f"        print(app.send_task({task!r}, {args!r}, queue={queue!r}, retry=False).id); break\n"
            "    except (OperationalError, RedisError, RuntimeError):\n"
            "        time.sleep(0.2)\n"
        )
        script = f"{shlex.join(self._python(code))} > /data/sent 2> /data/sender.log < /dev/null &"
        self.kube.execute(self.namespace, "toolbox", "sh", "-c", script)

    def sent(self, timeout: float = 60) -> str:
        """The id of the task that was sent as soon as that was possible."""

        def sent() -> str:
            return self.kube.execute(self.namespace, "toolbox", "cat", "/data/sent").strip()

        return str(self.kube.until("the sender has sent", sent, timeout=timeout))

    def runs(self, task_id: str) -> int:
        """How often the task was started, by the ledger that the tasks write themselves."""
        lines = json.loads(self.redis("-n", "1", "--json", "LRANGE", "shop:ledger", "0", "-1"))
        entries = [json.loads(line) for line in lines]
        return sum(entry["task"] == task_id and entry["event"] == "started" for entry in entries)

    def redis(self, *command: str) -> str:
        """redis-cli in the Redis pod."""
        return self.kube.execute(self.namespace, "redis", "redis-cli", *command)

    def stop_redis(self) -> None:
        """Stop the server; it stays away until start_redis."""
        self.redis_shell("touch /data/stopped; redis-cli shutdown || true")

    def start_redis(self) -> None:
        """Let the server come back with its data."""
        self.redis_shell("rm -f /data/stopped; until redis-cli ping; do sleep 0.1; done")

    def restart_redis(self) -> None:
        """Stop and start the server at once."""
        self.stop_redis()
        self.start_redis()

    def redis_shell(self, script: str) -> None:
        """A shell script in the Redis pod."""
        self.kube.execute(self.namespace, "redis", "sh", "-c", script)
