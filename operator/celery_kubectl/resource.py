"""CeleryDeployments as the plugin reads and marks them. The operator's own models are not imported here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celery_health.cli.exit_codes import ExitCode, exit_code_of
from celery_health.verdicts.fleet.verdict import FleetHealth
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
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.manifest["metadata"]["namespace"])

    @property
    def spec(self) -> Mapping[str, Any]:
        return self.manifest.get("spec") or {}

    @property
    def status(self) -> Mapping[str, Any]:
        """Empty until the operator has looked."""
        return self.manifest.get("status") or {}

    @property
    def groups(self) -> tuple[Mapping[str, Any], ...]:
        """The worker groups of the spec."""
        return tuple(self.spec.get("workers") or ())

    @property
    def has_beat(self) -> bool:
        return bool((self.spec.get("beat") or {}).get("enabled"))

    @property
    def paused(self) -> bool:
        """Whether somebody has asked that nothing be restarted."""
        return (self.manifest["metadata"].get("annotations") or {}).get(PAUSE) == "true"

    @property
    def health(self) -> FleetHealth:
        """Unknown where nobody has looked, or in a word of another version."""
        word = self.status.get("health")
        return FleetHealth(word) if word in set(FleetHealth) else FleetHealth.UNKNOWN

    @property
    def message(self) -> str:
        """The worst that is wrong, or why nothing is known."""
        if not self.status:
            return "No status yet: see whether the operator runs and watches this namespace."
        return str(self.status.get("message") or "")

    @property
    def outdated(self) -> bool:
        """Whether the status is about an earlier spec."""
        seen = self.status.get("observedGeneration")
        return bool(self.status) and seen != self.manifest["metadata"].get("generation")

    @property
    def exit_code(self) -> ExitCode:
        """As ``celery-health`` has it."""
        workers = self.status.get("workers") or ()
        some_consume = any(group.get("consumingReplicas", 0) > 0 for group in workers)
        return exit_code_of(self.health, some_consume=some_consume)

    @property
    def document(self) -> Object:
        """For programs: the status as the API has it, and whose it is."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "generation": self.manifest["metadata"].get("generation"),
            **self.status,
            "health": self.health.value,
            "healingPaused": self.paused,
        }


def read(kubectl: Kubectl, name: str) -> Resource:
    """The CeleryDeployment of that name.

    Raises:
        KubectlError: it is not there (the message names those that are), or cannot be read.
    """
    try:
        return Resource(kubectl.json("get", RESOURCE, name))
    except NotFoundError:
        raise KubectlError(_none_of_that_name(kubectl, name)) from None


def read_all(kubectl: Kubectl, *, everywhere: bool) -> tuple[Resource, ...]:
    """All of them in the namespace, or in all namespaces.

    Raises:
        KubectlError: they cannot be read.
    """
    found = kubectl.json("get", RESOURCE, *(["--all-namespaces"] if everywhere else []))
    return tuple(Resource(item) for item in found["items"])


def annotate(kubectl: Kubectl, resource: Resource, *marks: str) -> None:
    """Set ``KEY=VALUE`` or remove ``KEY-``.

    Raises:
        KubectlError: it is refused.
    """
    place = ["annotate", RESOURCE, resource.name, f"--namespace={resource.namespace}"]
    kubectl.run(*place, "--overwrite", f"--field-manager={FIELD_MANAGER}", *marks)


def _none_of_that_name(kubectl: Kubectl, name: str) -> str:
    namespace = kubectl.namespace
    try:
        others = [resource.name for resource in read_all(kubectl, everywhere=False)]
    except KubectlError:  # who may get one may not be allowed to list them
        others = []
    known = (
        f"there are {', '.join(others)}" if others else "write -n NAMESPACE, or `kubectl celery status -A`"
    )
    return f"There is no CeleryDeployment {name!r} in the namespace {namespace}: {known}."
