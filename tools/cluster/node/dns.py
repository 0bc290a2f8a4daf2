"""The objects that make CoreDNS the cluster's DNS."""

from tools.cluster.binaries.coredns import COREFILE, PORT
from tools.cluster.images.system import COREDNS_IMAGE

DEPLOYMENT_PATH = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
NAMES = {"name": "coredns", "namespace": "kube-system"}
LABELS = {"k8s-app": "kube-dns"}


def manifest(service_address: str) -> dict[str, object]:
    """All of it as one List; names outside the cluster are refused, since nothing here leads outside."""
    items = [*_access(), _config(), _deployment(), _service(service_address)]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _access() -> list[dict[str, object]]:
    readable = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"}
    rbac = "rbac.authorization.k8s.io/v1"
    name = {"name": "system:coredns"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": NAMES},
        {"apiVersion": rbac, "kind": "ClusterRole", "metadata": name, "rules": readable},
        {
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": name,
            "roleRef": role,
            "subjects": [{"kind": "ServiceAccount", **NAMES}],
        },
    ]


def _config() -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": NAMES, "data": {"Corefile": COREFILE}}


def _deployment() -> dict[str, object]:
    container = {
        "name": "coredns",
        "image": COREDNS_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "ports": [
            {"name": "dns", "containerPort": PORT, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": PORT, "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "failureThreshold": 6},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        # Its own name service would be itself.
        "dnsPolicy": "Default",
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**NAMES, "labels": LABELS},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": pod},
        },
    }


def _service(address: str) -> dict[str, object]:
    ports = [
        {"name": name, "port": 53, "targetPort": PORT, "protocol": protocol}
        for name, protocol in (("dns", "UDP"), ("dns-tcp", "TCP"))
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": LABELS},
        "spec": {"clusterIP": address, "selector": LABELS, "ports": ports},
    }
