"""A Celery command of a Deployment or StatefulSet, with the pod in which it runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from celery_kubectl.command_line.options import Role
from celery_kubectl.convert.celery_command import CeleryCommand, NotCelery, find_celery
from celery_kubectl.convert.connections import Connection, broker_of, result_backend_of
from celery_kubectl.convert.environment import Configuration, Variables
from celery_kubectl.convert.fields import part, parts, text, words
from celery_kubectl.convert.injected import without_agent
from celery_kubectl.kubectl import Object

# `celery` itself reads both in place of -A.
_APP_VARIABLES = ("APP", "CELERY_APP")
# Its entry point is `celery`, and its command `flower`.
_FLOWER_IMAGE = re.compile(r"(^|/)mher/flower([:@]|$)")


@dataclass(frozen=True, slots=True)
class Workload:
    """One Celery command of a Deployment."""

    deployment: Object
    container: Object
    companions: tuple[Object, ...]
    """The containers beside it that run something else. Of two workloads in one pod, one has them."""
    command: CeleryCommand
    more_commands: tuple[CeleryCommand, ...]
    """Other Celery commands of the same container."""
    variables: Variables

    @property
    def name(self) -> str:
        """The name of the Deployment."""
        return str(self.deployment["metadata"]["name"])

    @property
    def title(self) -> str:
        """As kubectl takes it: ``deployment/shop-worker``."""
        return f"{str(self.deployment['kind']).lower()}/{self.name}"

    @property
    def namespace(self) -> str:
        """Empty where the manifest names none."""
        return str(self.deployment["metadata"].get("namespace") or "")

    @property
    def role(self) -> Role:
        """Worker, beat or Flower."""
        return self.command.role

    @property
    def spec(self) -> Object:
        """``spec`` of the Deployment."""
        return part(self.deployment, "spec")

    @property
    def template(self) -> Object:
        """The pod template."""
        return part(self.spec, "template")

    @property
    def pod(self) -> Object:
        """``spec`` of the pods."""
        return part(self.template, "spec")

    @property
    def pod_labels(self) -> Object:
        """The labels of the pods."""
        return part(part(self.template, "metadata"), "labels")

    @property
    def selector(self) -> Object:
        """The labels by which the Deployment finds its pods."""
        return part(part(self.spec, "selector"), "matchLabels")

    @property
    def beat_command(self) -> CeleryCommand | None:
        """The beat inside a worker: -B, or another command of the same container."""
        if self.role is Role.WORKER and self.command.value("--beat") is not None:
            return self.command
        return next((one for one in self.more_commands if one.role is Role.BEAT), None)

    @property
    def app(self) -> str:
        """The application as ``-A`` takes it; empty where it is not known."""
        for app in (self.command.app, *(self.variables.literal(name) for name in _APP_VARIABLES)):
            if app and "$" not in app:
                return app
        return ""

    @property
    def app_identity(self) -> str:
        """The same for ``shop``, ``shop.celery`` and ``shop.celery:app``, which Celery takes for the same."""
        return self.app.partition(":")[0].removesuffix(".celery")

    @property
    def broker(self) -> Connection:
        """The broker."""
        return broker_of(self.command, self.variables)

    @property
    def result_backend(self) -> Connection:
        """The result backend."""
        return result_backend_of(self.command, self.variables)


def workloads_of(deployment: Object, configuration: Configuration) -> list[Workload] | NotCelery:
    """The Celery commands of a Deployment: one for each container that runs Celery."""
    deployment = without_agent(deployment)
    containers = parts(part(part(part(deployment, "spec"), "template"), "spec"), "containers")
    if not containers:
        return NotCelery("has no containers")
    found = [(one, *_commands_of(one, configuration)) for one in containers]
    commands = [commands for _, commands, _ in found]
    if not any(isinstance(one, tuple) for one in commands):
        reasons = [one for one in commands if isinstance(one, NotCelery)]
        return next((one for one in reasons if one.foreign), reasons[0])
    return [*_each(deployment, found)]


def _commands_of(
    container: Object, configuration: Configuration
) -> tuple[tuple[CeleryCommand, ...] | NotCelery, Variables]:
    variables = Variables(container, configuration)
    command, args = words(container, "command"), words(container, "args")
    if not command and _FLOWER_IMAGE.search(text(container, "image")):
        command, args = ["celery"], args or ["flower"]
    return find_celery(command, args, variables.literal), variables


def _each(
    deployment: Object, found: list[tuple[Object, tuple[CeleryCommand, ...] | NotCelery, Variables]]
) -> Iterator[Workload]:
    companions = tuple(container for container, commands, _ in found if isinstance(commands, NotCelery))
    workloads = []
    for container, commands, variables in found:
        if not isinstance(commands, NotCelery):
            first, *more = sorted(commands, key=_rank)
            of_first = variables.with_entries(first.variables)
            workloads.append(Workload(deployment, container, (), first, tuple(more), of_first))
    main = min(workloads, key=lambda one: _rank(one.command))
    for one in workloads:
        yield replace(one, companions=companions) if one is main else one


def _rank(command: CeleryCommand) -> int:
    return [*Role].index(command.role)
