"""The dead-letter queue of a CeleryDeployment, read and changed by the sidecar of one of its pods.

The sidecar has the network, the broker's URL and the client packages; the user's machine need not have them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from celery_health.cli.commands.dead_letter_actions import explained_errors, moved_again
from celery_health.dead_letters.letter import DeadLetterError
from celery_health.dead_letters.remote import MODULE, RemoteDeadLetters
from celery_health.wire.names import DEAD_LETTER_SUFFIX
from celery_kubectl.kubectl import Kubectl, KubectlError, Object
from celery_kubectl.resource import Resource, read
from celery_probe.pod import SIDECAR_CONTAINER

_WORKER = "worker"


@contextmanager
def opened(
    kubectl: Kubectl, name: str, replayed: Sequence[str] = ()
) -> Iterator[tuple[RemoteDeadLetters, str]]:
    """The dead-letter queue of the CeleryDeployment, and its name.

    ``replayed`` are the beginnings of the ids that are about to be put back: a warning names those that the
    workers will move again.

    Raises:
        KubectlError: there is no such resource, it has no running pod, or a command is refused.
    """
    resource = read(kubectl, name)
    pod = _pod(kubectl, resource)
    queue = f"{resource.name}{DEAD_LETTER_SUFFIX}"
    for task in _quarantined(resource, tuple(replayed), datetime.now(UTC)):
        click.echo(moved_again(task["name"], task["id"], task["until"], queue), err=True)

    def send(request: bytes) -> list[bytes]:
        sidecar = ["--namespace", resource.namespace, "-i", pod, "-c", SIDECAR_CONTAINER]
        command = [*sidecar, "--", "python3", "-m", MODULE]
        try:
            return kubectl.run("exec", *command, stdin=request.decode()).encode().splitlines()
        except KubectlError as error:
            raise _explained(error, pod) from error

    with explained_errors():
        yield RemoteDeadLetters(queue, send), queue


def _quarantined(resource: Resource, ids: tuple[str, ...], now: datetime) -> list[Object]:
    """The tasks in quarantine whose id begins with one of these texts."""
    return [
        task
        for task in resource.status.get("quarantine") or ()
        if ids and task["id"].startswith(ids) and datetime.fromisoformat(task["until"]) > now
    ]


def _explained(error: KubectlError, pod: str) -> click.ClickException | DeadLetterError:
    text = error.format_message()
    if f"No module named {MODULE}" in text:
        return KubectlError(
            f"The sidecar of pod {pod} is of an older release: use the same release of operator and sidecar."
        )
    if "exit code 137" in text:
        return DeadLetterError(f"The sidecar of pod {pod} has too little memory for these messages.")
    return error


def _pod(kubectl: Kubectl, resource: Resource) -> str:
    """A pod whose sidecar runs: of a worker if there is one, because its report names the Redis keys."""
    selector = f"app.kubernetes.io/managed-by=celery-operator,app.kubernetes.io/instance={resource.name}"
    place = ["pods", f"--namespace={resource.namespace}", f"--selector={selector}"]
    pods = [pod for pod in kubectl.json("get", *place)["items"] if _sidecar_runs(pod)]
    pods.sort(key=lambda pod: pod["metadata"]["labels"].get("app.kubernetes.io/component") != _WORKER)
    if not pods:
        raise KubectlError(
            f"{resource.name} has no running pod, through which its dead-letter queue is read: scale a group "
            f"up, or use `celery-health dead-letter --queue {resource.name}{DEAD_LETTER_SUFFIX}`."
        )
    return str(pods[0]["metadata"]["name"])


def _sidecar_runs(pod: Object) -> bool:
    status = pod.get("status") or {}
    # A native sidecar is an init container.
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return any(
        one["name"] == SIDECAR_CONTAINER and "running" in (one.get("state") or {}) for one in containers
    )
