"""All that operator and sidecars show of the resources of one namespace."""

from collections.abc import Iterable, Iterator

from tools.testbed.shop import PROBE_PORT, Shop

OPERATOR = ("celery-system", "app.kubernetes.io/name=celery-operator")
OPERATOR_PORT = 8080


def shown(shop: Shop, resources: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Place and text: resources with their conditions and recommendations, Events, logs, metrics, reports."""
    kube, (system, selector) = shop.kube, OPERATOR
    yield "resources", str(kube.list(shop.namespace, "celerydeployments"))
    yield "Events", str(kube.list(shop.namespace, "events.events.k8s.io"))
    yield "log of the operator", kube.run("-n", system, "logs", "-l", selector, "--tail=-1")
    for pod in kube.list(system, "pods", selector):
        yield "metrics of the operator", _metrics(shop, system, pod["metadata"]["name"], OPERATOR_PORT)
    for pod in (pod for name in resources for pod in shop.pods(name, name)):
        worker = pod["metadata"]["name"]
        yield f"report of {worker}", str(shop.report(worker))
        yield f"metrics of {worker}", _metrics(shop, shop.namespace, worker, PROBE_PORT)
        yield f"sidecar of {worker}", kube.run("-n", shop.namespace, "logs", worker, "-c", "probe")


def _metrics(shop: Shop, namespace: str, pod: str, port: int) -> str:
    text = shop.kube.api.raw(f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/metrics")
    assert "celery_" in text
    return text
