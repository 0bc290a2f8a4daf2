"""Security contexts: what the operator sets itself is left out, the rest goes into the template."""

from collections.abc import Iterator

from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.fields import part, words
from celery_kubectl.convert.pod.shared import Shared
from celery_kubectl.convert.workload import Workload
from celery_kubectl.kubectl import Object

_OURS: Object = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "privileged": False,
    "seccompProfile": {"type": "RuntimeDefault"},
    "capabilities": {"drop": ["ALL"]},
}


def carried_security(workload: Workload, draft: Draft, shared: Shared) -> Object:
    """The security context of the container. That of the pod goes into the draft."""
    pod, container = part(workload.pod, "securityContext"), part(workload.container, "securityContext")
    user = container.get("runAsUser", pod.get("runAsUser"))
    carried, of_container = _rest(pod), _rest(container)
    if user == 0:
        shared.about.ask(
            "The pods run as root, as before. Choose another user if the image allows it.", "image"
        )
        carried |= {"runAsUser": 0, "runAsNonRoot": False}
    draft.put(carried, "template", "spec", "securityContext")
    shared.new_limits = [*_new_limits({**pod, **container})]
    if of_container.get("privileged") or "SYS_ADMIN" in words(part(of_container, "capabilities"), "add"):
        of_container["allowPrivilegeEscalation"] = True
    shared.run_as_user = user if isinstance(user, int) and user > 0 else None
    return of_container


def _rest(context: Object) -> Object:
    return {
        key: value
        for key, value in context.items()
        if key != "runAsUser" and _OURS.get(key, object()) != value
    }


def _new_limits(context: Object) -> Iterator[str]:
    if "runAsNonRoot" not in context and "runAsUser" not in context:
        yield "run as a user other than root"
    if "readOnlyRootFilesystem" not in context:
        yield "have a read-only root file system with an empty /tmp"
