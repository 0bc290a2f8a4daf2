"""Takes back what ``kubectl celery inject`` added to a pod: the operator adds it again, in its own way."""

from collections.abc import Callable
from typing import Any

from celery_kubectl.convert.fields import part, parts, text, words
from celery_kubectl.kubectl import Object
from celery_probe.pod import PROBE_MOUNT, PROBE_VOLUME, SITE, STARTUP_PROBE, STOP_SCRIPT

_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def without_agent(deployment: Object) -> Object:
    """The Deployment without the agent, the sidecar, the probes and the stop hook, if it has them."""
    spec = part(deployment, "spec")
    template = part(spec, "template")
    pod = part(template, "spec")
    if PROBE_VOLUME not in parts(pod, "volumes"):
        return deployment
    pod = _filtered(pod, "initContainers", lambda one: words(one, "command")[:1] != ["celery-probe"])
    pod = _filtered(pod, "volumes", lambda one: one != PROBE_VOLUME)
    pod = {**pod, "containers": [_container(one) for one in parts(pod, "containers")]}
    return {**deployment, "spec": {**spec, "template": {**template, "spec": pod}}}


def _container(container: Object) -> Object:
    if PROBE_MOUNT not in parts(container, "volumeMounts"):
        return container
    changed = _filtered(container, "volumeMounts", lambda one: one != PROBE_MOUNT)
    lifecycle = part(container, "lifecycle")
    if STOP_SCRIPT in words(part(part(lifecycle, "preStop"), "exec"), "command"):
        changed["lifecycle"] = {key: value for key, value in lifecycle.items() if key != "preStop"}
    if container.get("startupProbe") == STARTUP_PROBE:
        changed = {key: value for key, value in changed.items() if key not in _PROBES}
    changed["env"] = [env for one in parts(container, "env") if (env := _without_site(one))]
    return changed


def _without_site(variable: Object) -> Object:
    """The variable; an empty one where it only leads to the agent."""
    if variable.get("name") != "PYTHONPATH" or not text(variable, "value"):
        return variable
    folders = [one for one in text(variable, "value").split(":") if one != SITE]
    return {**variable, "value": ":".join(folders)} if folders else {}


def _filtered(value: Object, key: str, is_kept: Callable[[Object], bool]) -> dict[str, Any]:
    return {**value, key: [one for one in parts(value, key) if is_kept(one)]}
