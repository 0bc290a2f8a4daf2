"""Installing the chart of this checkout with its own images."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tools.cluster.errors import ClusterError
from tools.cluster.images.inputs import input_hash
from tools.cluster.machine.shell import run
from tools.cluster.progress import step

RELEASE = "celery-operator"
NAMESPACE = "celery-system"
TIMEOUT = "180s"


def deploy(checkout: Path, environment: Mapping[str, str]) -> None:
    """Install or upgrade the release and wait until it is ready."""
    inputs = [input_hash(checkout, target, {}) for target in ("operator", "probe", "monitor")]
    # The tag stays `dev`: only a changed annotation makes Kubernetes start pods of the new image.
    revision = hashlib.sha256("".join(inputs).encode()).hexdigest()[:16]
    values = [
        *("--set", "image.tag=dev", "--set", "probeImage.tag=dev", "--set", "monitorImage.tag=dev"),
        *("--set-string", rf"podAnnotations.celery-operator\.dev/images={revision}"),
    ]
    chart = checkout / "charts" / "celery-operator"
    where = ["--namespace", NAMESPACE, "--create-namespace", "--wait", "--timeout", TIMEOUT]
    try:
        with step("install the operator with Helm"):
            run(
                [environment["HELM"], "upgrade", "--install", RELEASE, chart, *where, *values],
                env=environment,
            )
    except ClusterError as problem:
        raise ClusterError(f"{problem}\n{_what_pods_say(environment)}") from problem


def _what_pods_say(environment: Mapping[str, str]) -> str:
    """The operator's pods and the ends of their logs: a timeout alone explains nothing."""
    kubectl = [environment["KUBECTL"], "--namespace", NAMESPACE]
    said = []
    for words in (["get", "pods"], ["logs", f"deployment/{RELEASE}", "--all-pods", "--tail=5"]):
        try:
            said.append(run([*kubectl, *words], env=environment))
        except ClusterError as problem:
            said.append(str(problem))
    return "\n".join(said)
