"""What a failing test prints: events, pods, logs and the resources of its namespace."""

from tools.testbed.kube import Kube

TAIL = "40"


def describe_namespace(kube: Kube, namespace: str) -> str:
    """Everything a person would read first, newest last."""
    parts = [
        ("resources", ["-n", namespace, "get", "celerydeployments", "-o", "yaml"]),
        ("pods", ["-n", namespace, "get", "pods,deployments", "-o", "wide"]),
        ("events", ["-n", namespace, "get", "events", "--sort-by=.lastTimestamp"]),
        (
            "operator",
            ["-n", "celery-system", "logs", "-l", "app.kubernetes.io/name=celery-operator", f"--tail={TAIL}"],
        ),
    ]
    parts += [
        (f"logs of {pod}", ["-n", namespace, "logs", pod, "--all-containers", "--prefix", f"--tail={TAIL}"])
        for pod in _pod_names(kube, namespace)
    ]
    return "\n".join(f"--- {title}\n{kube.run(*args, check=False)}" for title, args in parts)


def _pod_names(kube: Kube, namespace: str) -> list[str]:
    names = kube.run("-n", namespace, "get", "pods", "-o", "jsonpath={.items[*].metadata.name}", check=False)
    return names.split()
