"""A namespace of the test's own and the requests that people and controllers make in it."""

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tools.testbed.waiting import wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT, DEPLOYMENT, EVENT, POD, SECRET, STATEFUL_SET, Kind
from tests.integration.api.apiserver import MERGE, ApiServer, Object

NAMESPACE = Kind("v1", "Namespace", "namespaces")


@dataclass(frozen=True, slots=True)
class World:
    """One namespace behind one API server."""

    api: ApiServer
    namespace: str

    def get(self, kind: Kind, name: str) -> Object | None:
        answer = self.api.request("GET", kind.path(self.namespace, name))
        return answer.body if answer.status == 200 else None

    def there(self, kind: Kind, name: str) -> Object | None:
        """An object that is not being deleted; None otherwise."""
        found = self.get(kind, name)
        return found if found and "deletionTimestamp" not in found["metadata"] else None

    def all(self, kind: Kind) -> list[Object]:
        items: list[Object] = self.api.request("GET", kind.path(self.namespace)).body["items"]
        return items

    def create(self, kind: Kind, name: str, **content: Any) -> Object:
        head = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
        answer = self.api.request("POST", kind.path(self.namespace), {**head, **content})
        assert answer.status == 201, answer.message
        return answer.body

    def change(
        self, kind: Kind, name: str, change: Mapping[str, Any], subresource: str | None = None
    ) -> Object:
        path = kind.path(self.namespace, name, subresource)
        answer = self.api.request("PATCH", path, change, content_type=MERGE)
        assert answer.status == 200, answer.message
        return answer.body

    def delete(self, kind: Kind, name: str) -> None:
        answer = self.api.request("DELETE", kind.path(self.namespace, name))
        assert answer.status in {200, 202}, answer.message

    def create_shop(
        self, name: str = "shop", annotations: Mapping[str, str] | None = None, **spec: Any
    ) -> Object:
        """A CeleryDeployment with two groups and a broker that does not run."""
        whole = {
            "app": "shop.celery",
            "image": "shop:1",
            "broker": {"url": "redis://127.0.0.1:1/0"},
            "workers": [group("default"), group("mail", queues=["email"])],
            **spec,
        }
        metadata = {"name": name, "annotations": dict(annotations or {})}
        return self.create(CELERY_DEPLOYMENT, name, metadata=metadata, spec=whole)

    def create_secret(self, name: str, **texts: str) -> Object:
        data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        return self.create(SECRET, name, data=data)

    def condition(self, kind: str, name: str = "shop") -> Object:
        """A condition of the CeleryDeployment; empty while there is none."""
        resource = self.get(CELERY_DEPLOYMENT, name) or {}
        conditions = resource.get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == kind), {})

    def until_owned_objects(self, *names: str) -> None:
        """Wait until these Deployments and StatefulSets are there, in a status that has seen them."""
        wait_for(
            lambda: all(self.there(DEPLOYMENT, name) or self.there(STATEFUL_SET, name) for name in names),
            60,
            f"{names}",
        )
        wait_for(lambda: self.condition("Ready"), describe="a status")

    def events(self) -> list[tuple[str, str]]:
        """Reason and note of every Event on a CeleryDeployment."""
        return [
            (event["reason"], event.get("note", ""))
            for event in self.all(EVENT)
            if event["regarding"]["kind"] == CELERY_DEPLOYMENT.kind
        ]

    def pods_of(self, deployment: str) -> list[Object]:
        return [pod for pod in self.all(POD) if pod["metadata"]["name"].startswith(f"{deployment}-")]


def is_rolled_out(deployment: Object) -> bool:
    """Whether the Deployment of one pod has no other pod, and that one is new and available."""
    status = deployment.get("status", {})
    pods = [status.get(name) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and pods == [1, 1, 1]


def group(name: str, **fields: Any) -> Object:
    """A worker group of a spec."""
    return {"name": name, "replicas": 1, **fields}


@contextmanager
def within(seconds: float, condition: Callable[[], Any], describe: str) -> Iterator[None]:
    """What the block does has its effect in time, counted from the block's end."""
    yield
    started = time.monotonic()
    wait_for(condition, timeout=seconds + 10, describe=describe)
    took = time.monotonic() - started
    assert took < seconds, f"{describe} took {took:.1f} s, not under {seconds:g} s"
