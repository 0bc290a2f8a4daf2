"""Reads go to the API server itself, over one connection, and a kind has all the names that kubectl knows."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.api import ALL_KINDS, Api, Object
from tools.testbed.kube import Kube, KubeError


def kind(plural: str, singular: str, *short: str, scope: str = "Namespaced") -> dict[str, Any]:
    return {"resource": plural, "singularResource": singular, "shortNames": list(short), "scope": scope}


def group(name: str, version: str, *resources: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "versions": [{"version": version, "resources": resources}]}


CORE = [group("", "v1", kind("pods", "pod", "po"), kind("events", "event"))]
GROUPS = [
    group("apps", "v1", kind("deployments", "deployment", "deploy")),
    group("events.k8s.io", "v1", kind("events", "event")),
    group("rbac.authorization.k8s.io", "v1", kind("clusterroles", "clusterrole", scope="Cluster")),
]
ONE = {"metadata": {"name": "one", "creationTimestamp": "2026-01-02T00:00:00Z"}}
TWO = {"metadata": {"name": "two", "creationTimestamp": "2026-01-01T00:00:00Z"}}


def listed(api_version: str, kind: str, *items: Object) -> Object:
    """A list as the API server answers it: its items do not say what they are."""
    return {"apiVersion": api_version, "kind": f"{kind}List", "items": list(items)}


def of_kind(api_version: str, kind: str, item: Object) -> Object:
    """An object that says what it is."""
    return {"apiVersion": api_version, "kind": kind, **item}


ANSWERS = {
    "/api/v1/namespaces/shop/pods?labelSelector=app%3Dredis": listed("v1", "Pod", ONE, TWO),
    "/api/v1/pods": listed("v1", "Pod", ONE, TWO, TWO),
    "/api/v1/namespaces/shop/pods": listed("v1", "Pod", ONE),
    "/api/v1/namespaces/shop/pods/one": ONE,
    "/apis/apps/v1/namespaces/shop/deployments": listed("apps/v1", "Deployment", TWO),
    "/apis/apps/v1/namespaces/shop/deployments/two": TWO,
    "/apis/events.k8s.io/v1/namespaces/shop/events": listed("events.k8s.io/v1", "Event", TWO),
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/one": ONE,
    "/api/v1/namespaces/shop/pods/one:9809/proxy/report": {"verdict": "fine"},
}


class Server(ThreadingHTTPServer):
    """Counts connections and requests."""

    connections = 0
    requests = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self.server.requests += 1
        discovery = {"/api": CORE, "/apis": GROUPS}.get(self.path)
        if discovery is not None and self.headers["Accept"] == ALL_KINDS:
            self.answer(200, {"items": discovery})
        elif self.path in ANSWERS:
            self.answer(200, ANSWERS[self.path])
        elif self.path.endswith("/forbidden"):
            self.answer(403, {"message": "you may not"})
        else:
            self.answer(404, {"message": "there is none"})

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name in the base class)
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def kube(server: Server, tmp_path: Path) -> Kube:
    address = f"http://127.0.0.1:{server.server_address[1]}"
    return Kube(Path("/no/kubectl"), kubeconfig(tmp_path / "kubeconfig", address))


def kubeconfig(path: Path, address: str) -> Path:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": {"server": address}}],
        "users": [{"name": "it", "user": {"token": "secret"}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("name", ["pods", "pod", "po"])
def test_a_kind_is_known_by_its_plural_singular_and_short_name(kube: Kube, name: str) -> None:
    assert kube.get("shop", name, "one") == ONE


def test_a_name_with_a_group_picks_that_group_and_the_core_wins_without(kube: Kube) -> None:
    assert kube.list("shop", "events.events.k8s.io") == [of_kind("events.k8s.io/v1", "Event", TWO)]
    with pytest.raises(KubeError, match="GET /api/v1/namespaces/shop/events: 404"):
        kube.list("shop", "events")


def test_lists_are_oldest_first_of_one_namespace_or_all_and_of_several_kinds(kube: Kube) -> None:
    one, two = of_kind("v1", "Pod", ONE), of_kind("v1", "Pod", TWO)
    assert kube.list("shop", "pods", "app=redis") == [two, one]
    assert kube.list("", "pods") == [two, two, one]
    assert kube.list("shop", "pods,deployments") == [of_kind("apps/v1", "Deployment", TWO), one]


def test_what_has_no_namespace_is_read_without_one(kube: Kube) -> None:
    assert kube.get("shop", "clusterrole", "one") == ONE


def test_an_object_that_is_not_there_is_none(kube: Kube) -> None:
    assert kube.get("shop", "pod", "gone") is None


def test_a_refusal_says_what_the_server_said(kube: Kube) -> None:
    with pytest.raises(KubeError, match=r"403 .*you may not"):
        kube.get("shop", "pod", "forbidden")


def test_an_unknown_kind_is_named(kube: Kube) -> None:
    with pytest.raises(KubeError, match="resource type 'celerydeployment'"):
        kube.get("shop", "celerydeployment", "shop")


def test_a_server_that_is_away_counts_as_not_yet(tmp_path: Path) -> None:
    away = Kube(Path("/no/kubectl"), kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1"))
    with pytest.raises(KubeError, match="GET /api"):
        away.get("shop", "pod", "one")
    with pytest.raises(AssertionError, match=r"not within 0\.1 s: a pod"):
        away.until("a pod", lambda: away.get("shop", "pod", "one"), timeout=0.1)


def test_a_pod_is_asked_through_the_server(kube: Kube) -> None:
    assert kube.proxy("shop", "one", 9809, "report") == {"verdict": "fine"}


def test_polls_share_one_connection_and_discover_once(server: Server, tmp_path: Path) -> None:
    api = Api(kubeconfig(tmp_path / "kubeconfig", f"http://127.0.0.1:{server.server_address[1]}"))
    for _ in range(10):
        api.get("shop", "pod", "one")
    assert (server.connections, server.requests) == (1, 12)
