"""The demo's shop as the tour sees it: resource, worker pods and the ledger of its tasks."""

import json
from dataclasses import dataclass
from pathlib import Path

from examples.demo.kubectl import NAMESPACE, Json, Kubectl, KubectlError
from examples.demo.screen import wait

MANIFESTS = Path(__file__).parents[1] / "shop"
WORKERS = "app.kubernetes.io/instance=shop,app.kubernetes.io/component=worker"


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker pod; ``restarts`` are those of the worker's own container."""

    name: str
    ready: bool
    restarts: int


class Shop:
    """Reads the cluster; changes nothing but by ``apply``."""

    def __init__(self, kubectl: Kubectl) -> None:
        self.kubectl = kubectl

    def apply(self, manifest: str) -> None:
        """``kubectl apply`` one of the example's files."""
        self.kubectl.show("apply", "-n", NAMESPACE, "-f", f"examples/shop/{manifest}")

    def resource(self) -> Json:
        """The CeleryDeployment."""
        return self.kubectl.json("get", "celerydeployment", "shop", "-n", NAMESPACE)

    def status(self) -> Json:
        """Its status, empty before the first."""
        found: Json = self.resource().get("status", {})
        return found

    def health(self) -> str:
        """The word and the message, for one line of progress."""
        status = self.status()
        return f"{status.get('health', 'Unknown')}: {status.get('message', 'no status yet')}"

    def condition(self, kind: str) -> tuple[str, str]:
        """Status and message of one condition of the current generation."""
        resource = self.resource()
        for condition in resource.get("status", {}).get("conditions", []):
            current = condition.get("observedGeneration") == resource["metadata"]["generation"]
            if condition["type"] == kind and current:
                return condition["status"], condition["message"]
        return "Unknown", ""

    def wait_for(self, kind: str, status: str, what: str, seconds: float) -> str:
        """Wait until a condition has this status; returns its message."""

        def reached() -> str | None:
            found, message = self.condition(kind)
            return message if found == status else None

        return wait(what, reached, seconds=seconds, detail=self.health)

    def wait_healthy(self, what: str, seconds: float = 120) -> None:
        """Wait until all wanted workers are ready and HEALTH is Healthy."""

        def healthy() -> bool | None:
            well = self.condition("Ready")[0] == "True" and self.status().get("health") == "Healthy"
            return well or None

        wait(what, healthy, seconds=seconds, detail=self.health)

    def workers(self, group: str = "") -> list[Worker]:
        """The worker pods that stay, of one group or of all."""
        return [_worker(item) for item in self.pods(group) if "deletionTimestamp" not in item["metadata"]]

    def pods(self, group: str = "") -> list[Json]:
        """The worker pods, those that are being deleted included."""
        selector = WORKERS + (f",celery-operator.dev/group={group}" if group else "")
        items: list[Json] = self.kubectl.json("get", "pods", "-n", NAMESPACE, "-l", selector)["items"]
        return items

    def probe_kills(self) -> int:
        """How often the kubelet killed a container of the shop because of its liveness probe."""
        chosen = "--field-selector=reason=Killing"
        items: list[Json] = self.kubectl.json("get", "events", "-n", NAMESPACE, chosen)["items"]
        return sum(item.get("count") or 1 for item in items if "liveness probe" in item["message"])

    def ledger(self) -> dict[str, int]:
        """What became of the tasks; see ``shop.ledger``. Empty while the producer cannot be asked."""
        try:
            printed = self.kubectl.run(
                "exec", "-n", NAMESPACE, "deploy/producer", "--", "python", "-m", "shop.ledger", "--json"
            )
        except KubectlError:
            return {}
        counts: dict[str, int] = json.loads(printed)
        return counts

    def show_ledger(self) -> None:
        """Print the counts, as in a terminal."""
        self.kubectl.show("exec", "-n", NAMESPACE, "deploy/producer", "--", "python", "-m", "shop.ledger")

    def wait_for_tasks(self, more: int, seconds: float) -> None:
        """Wait until this number of further tasks has succeeded."""
        before = self.ledger().get("succeeded", 0)

        def worked() -> bool | None:
            return self.ledger().get("succeeded", 0) >= before + more or None

        wait(f"{more} more tasks done", worked, seconds=seconds, detail=self.health)


def _worker(item: Json) -> Worker:
    status = item["status"]
    containers = [one for one in status.get("containerStatuses", []) if one["name"] == "worker"]
    return Worker(
        name=item["metadata"]["name"],
        ready=bool(containers) and containers[0]["ready"],
        restarts=containers[0]["restartCount"] if containers else 0,
    )
