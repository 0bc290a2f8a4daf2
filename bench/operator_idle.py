"""What the leading operator costs while nothing changes: CPU and memory with 20 resources."""

import time
from pathlib import Path

from tools.testbed.kube import Kube, Object
from tools.testbed.shop import EXAMPLE_IMAGE, celery_deployment, group

from bench.cluster import connect, image_megabytes, leading_operator, namespace
from bench.errors import BenchError
from bench.measure import cpu_seconds, memory
from bench.report import Figure

RESOURCES = 20
MEGABYTE = 1_000_000


def measure(quick: bool) -> list[Figure]:
    """Make the resources, wait until all stand, and watch the operator's process for a while.

    The first half of the resources runs one worker pod each; the other half is suspended.
    """
    settle, seconds = (5.0, 15.0) if quick else (30.0, 60.0)
    running = 2 if quick else RESOURCES // 2
    kube = connect()
    with namespace(kube) as name:
        kube.apply(name, *(_resource(number, suspend=number >= running) for number in range(RESOURCES)))
        selector = "app.kubernetes.io/component=worker"
        kube.until(
            f"{RESOURCES} resources are observed and {running} worker pods Ready",
            lambda: _settled(
                kube.list(name, "celerydeployments"), kube.list(name, "pods", selector), running
            ),
            300,
            interval=2,
        )
        operator = leading_operator(kube)
        processes = container_processes(container_id(operator))
        # What follows the last change (status, events, caches) belongs to the change, not to idling.
        time.sleep(settle)
        before = cpu_seconds(processes)
        time.sleep(seconds)
        used = cpu_seconds(processes) - before
        resident = memory(processes)
        others = len(kube.list("", "celerydeployments")) - RESOURCES
    what = f"{RESOURCES} resources, {running} with one worker pod each, the others suspended"
    if others:
        what += f" (and {others} more in the cluster: not at rest alone)"
    return [
        Figure(
            "CPU of the leading operator, idle",
            used / seconds * 100,
            "% of a core",
            at_most=3,
            how=f"{what}; over {seconds:g} s",
        ),
        Figure(
            "memory of the leading operator, RSS",
            resident.rss / MEGABYTE,
            "MB",
            at_most=150,
            how=f"the same moment; PSS {resident.pss / MEGABYTE:.1f} MB",
        ),
        *_images(kube, operator),
    ]


def _resource(number: int, *, suspend: bool) -> Object:
    workers = [group(pool="solo", concurrency=1, gracePeriodSeconds=2)]
    return celery_deployment(f"idle-{number:02}", workers=workers, suspend=suspend)


def _settled(resources: list[Object], pods: list[Object], running: int) -> bool:
    observed = [
        each
        for each in resources
        if each.get("status", {}).get("observedGeneration") == each["metadata"]["generation"]
    ]
    ready = [each for each in pods if _is_ready(each)]
    return len(observed) == RESOURCES and len(ready) == running


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def container_id(pod: Object) -> str:
    """The id of the pod's first running container, as the runtime names it.

    Raises:
        BenchError: none runs.
    """
    for status in pod.get("status", {}).get("containerStatuses", []):
        if "running" in status.get("state", {}):
            return str(status["containerID"]).rpartition("//")[2]
    raise BenchError(f"No container runs in the pod {pod['metadata']['name']}.")


def container_processes(identity: str, proc: Path = Path("/proc")) -> list[int]:
    """The processes of a container on this machine, by the control group that they are in.

    Raises:
        BenchError: there are none.
    """
    found = []
    for group_file in proc.glob("[0-9]*/cgroup"):
        try:
            if identity in group_file.read_text():
                found.append(int(group_file.parent.name))
        except OSError:
            continue  # It ended meanwhile.
    if not found:
        raise BenchError(
            f"No process of container {identity[:12]} is on this machine: run this on the operator's node, "
            "as root."
        )
    return found


def _images(kube: Kube, operator: Object) -> list[Figure]:
    images = {
        "operator": operator["spec"]["containers"][0]["image"],
        "sidecar": _probe_image(operator),
        "example": EXAMPLE_IMAGE,
    }
    sizes = {name: image_megabytes(kube, image) for name, image in images.items() if image}
    return [
        Figure(f"image of the {name}", size, "MB", how="size on the node")
        for name, size in sizes.items()
        if size is not None
    ]


def _probe_image(operator: Object) -> str | None:
    container = operator["spec"]["containers"][0]
    words = [*container.get("command", []), *container.get("args", [])]
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("--probe-image="):
            return str(word.partition("=")[2])
        if word == "--probe-image":
            return str(following)
    variables = {each["name"]: each.get("value") for each in container.get("env", [])}
    return variables.get("CELERY_OPERATOR_PROBE_IMAGE")
