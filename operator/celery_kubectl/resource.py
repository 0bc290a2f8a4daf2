"""Reads and annotates CeleryDeployments. The operator and its models are not installed here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from celery_health.catalogue.health import HealthState
from celery_health.exit_codes import ExitCode
from celery_health.survey.health_exit_code import exit_code_of
from celery_health.verdicts.text import is_or_are, listed
from celery_kubectl.kubectl import GROUP, RESOURCE, Kubectl, KubectlError, NotFoundError, Object

PAUSE = f"{GROUP}/pause-healing"
RESTARTED_AT = f"{GROUP}/restarted-at"
FIELD_MANAGER = "kubectl-celery"


@dataclass(frozen=True, slots=True)
class Resource:
    """One CeleryDeployment, as the API server has it."""

    manifest: Object

    @property
    def name(self) -> str:
        """``metadata.name``."""
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """``metadata.namespace``."""
        return str(self.manifest["metadata"]["namespace"])

    @property
    def spec(self) -> Mapping[str, Any]:
        """The spec, as it was written."""
        return self.manifest.get("spec") or {}

    @property
    def status(self) -> Mapping[str, Any]:
        """Empty until the first reconcile."""
        return self.manifest.get("status") or {}

    @property
    def groups(self) -> tuple[Mapping[str, Any], ...]:
        """The worker groups of the spec."""
        return tuple(self.spec.get("workers") or ())

    @property
    def has_beat(self) -> bool:
        """Whether the resource runs beat."""
        return bool((self.spec.get("beat") or {}).get("enabled"))

    @property
    def paused(self) -> bool:
        """Whether healing is paused."""
        return (self.manifest["metadata"].get("annotations") or {}).get(PAUSE) == "true"

    @property
    def paused_groups(self) -> tuple[str, ...]:
        """The groups whose healing an annotation of their own pauses."""
        annotations = self.manifest["metadata"].get("annotations") or {}
        names = (str(group["name"]) for group in self.groups)
        return tuple(name for name in names if annotations.get(f"{PAUSE}.{name}") == "true")

    @property
    def health(self) -> HealthState:
        """Unknown before the first reconcile, and for a word of another version of the operator."""
        word = self.status.get("health")
        return HealthState(word) if word in set(HealthState) else HealthState.UNKNOWN

    @property
    def message(self) -> str:
        """The worst verdict, or why nothing is known."""
        if not self.status:
            return "There is no status yet: check whether the operator runs and watches this namespace."
        return str(self.status.get("message") or "")

    @property
    def outdated(self) -> bool:
        """Whether the status is about an earlier spec."""
        observed = self.status.get("observedGeneration")
        return bool(self.status) and observed != self.manifest["metadata"].get("generation")

    @property
    def exit_code(self) -> ExitCode:
        """The same as that of ``celery-health``."""
        workers = self.status.get("workers") or ()
        some_consume = any(group.get("consumingReplicas", 0) > 0 for group in workers)
        return exit_code_of(self.health, some_consume=some_consume)

    @property
    def document(self) -> Object:
        """For programs: the status as the API has it, with the name of the resource."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "generation": self.manifest["metadata"].get("generation"),
            **self.status,
            "health": self.health.value,
            "healingPaused": self.paused,
        }


def read(kubectl: Kubectl, name: str) -> Resource:
    """The CeleryDeployment of this name.

    Raises:
        KubectlError: it does not exist (the message names those that do) or cannot be read.
    """
    try:
        return Resource(kubectl.json("get", RESOURCE, name))
    except NotFoundError:
        raise KubectlError(_no_such_name(kubectl, name)) from None


def read_all(kubectl: Kubectl, *, all_namespaces: bool) -> tuple[Resource, ...]:
    """All CeleryDeployments of the namespace, or of all namespaces.

    Raises:
        KubectlError: they cannot be read.
    """
    found = kubectl.json("get", RESOURCE, *(["--all-namespaces"] if all_namespaces else []))
    return tuple(Resource(item) for item in found["items"])


def annotate(kubectl: Kubectl, resource: Resource, *changes: str) -> None:
    """Set annotations (``KEY=VALUE``) or remove them (``KEY-``).

    Raises:
        KubectlError: the change is refused.
    """
    target = [RESOURCE, resource.name, f"--namespace={resource.namespace}"]
    kubectl.run("annotate", *target, "--overwrite", f"--field-manager={FIELD_MANAGER}", *changes)


def pauses_of(resource: Resource, groups: Collection[str]) -> list[str]:
    """The annotations that pause healing of these groups, or of the resource if none is given.

    Raises:
        KubectlError: the resource has no such group.
    """
    check_groups(resource, groups)
    return [f"{PAUSE}.{group}" for group in groups] or [PAUSE]


def check_groups(resource: Resource, groups: Collection[str], hints: Mapping[str, str] = {}) -> None:
    """Refuse a group that the resource does not have. ``hints``: what to do instead, by name.

    Raises:
        KubectlError: with the groups that there are.
    """
    known = [str(group["name"]) for group in resource.groups]
    for group in groups:
        if group not in known:
            groups_there = f"there {is_or_are(len(known))} {listed(known)}"
            hint = hints.get(group, "")
            raise KubectlError(f"{resource.name} has no worker group {group!r}: {groups_there}.{hint}")


def _no_such_name(kubectl: Kubectl, name: str) -> str:
    namespace = kubectl.namespace
    try:
        others = [resource.name for resource in read_all(kubectl, all_namespaces=False)]
    except KubectlError:  # the user may get, and not list
        others = []
    if others:
        hint = f"there {is_or_are(len(others))} {listed(others)}"
    else:
        hint = "use -n NAMESPACE, or see `kubectl celery status -A`"
    return f"There is no CeleryDeployment {name!r} in namespace {namespace}: {hint}."
