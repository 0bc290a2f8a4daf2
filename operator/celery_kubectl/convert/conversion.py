"""From the objects of a namespace to the text that ``kubectl celery convert`` prints."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from celery_health.verdicts.text import listed
from celery_kubectl.convert.application import Application, Surroundings, applications_of, resource_of
from celery_kubectl.convert.celery_command import NotCelery
from celery_kubectl.convert.commented_yaml import commented_yaml
from celery_kubectl.convert.draft import Note
from celery_kubectl.convert.environment import Configuration
from celery_kubectl.convert.errors import ConversionError
from celery_kubectl.convert.fields import text
from celery_kubectl.convert.names import resource_name
from celery_kubectl.convert.workload import Workload, workloads_of
from celery_kubectl.kubectl import Object


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read."""

    deployments: Sequence[Object]
    """Deployments and StatefulSets."""
    surroundings: Surroundings = field(default_factory=Surroundings)
    configuration: Configuration = field(default_factory=Configuration)
    of_namespaces: Mapping[str, Configuration] = field(default_factory=dict)
    """The configuration of each namespace, where Deployments of several were read."""
    named: bool = True
    """Whether a person named each of them. Otherwise those that run no Celery are left out."""
    problems: Sequence[str] = ()
    """What could not be read."""


@dataclass(frozen=True, slots=True)
class Converted:
    """The manifests, one for each application."""

    text: str
    decisions: int
    """How many comments ask for a decision."""
    left_out: tuple[str, ...] = ()
    """Deployments that run no Celery, each with the reason."""


def convert(sources: Sources) -> Converted:
    """The CeleryDeployments that replace the Deployments.

    Raises:
        ConversionError: nothing can be converted, or a Deployment that a person named cannot be.
    """
    workloads, left_out = _workloads(sources)
    applications, alone = applications_of(workloads)
    for one in alone:
        reason = f"runs {one.role}, and no Deployment here runs workers of its application"
        if sources.named:
            raise ConversionError(f"{one.title} {reason}: name the Deployment of the workers too.")
        left_out.append(f"{one.title} {reason}")
    if not applications:
        raise ConversionError(f"Nothing to convert: {listed(left_out)}.")
    documents, decisions = [], 0
    names = defaultdict[str, set[str]](set)
    for application in applications:
        taken = names[application.namespace]
        name = resource_name(application.workloads, taken)
        taken.add(name)
        document, notes = resource_of(application, name, sources.surroundings)
        notes = [*_head(application, sources.problems), *notes]
        documents.append(commented_yaml(document, notes))
        decisions += sum(note.decide for note in notes)
    return Converted("---\n".join(documents), decisions, tuple(left_out))


def _workloads(sources: Sources) -> tuple[list[Workload], list[str]]:
    workloads: list[Workload] = []
    left_out = []
    for deployment in sources.deployments:
        title = f"{deployment['kind'].lower()}/{deployment['metadata']['name']}"
        configuration = sources.of_namespaces.get(
            text(deployment["metadata"], "namespace"), sources.configuration
        )
        found = workloads_of(deployment, configuration)
        if not isinstance(found, NotCelery):
            workloads += found
            continue
        if sources.named:
            raise ConversionError(_refusal(title, found))
        left_out.append(f"{title} {found.reason}")
    return workloads, left_out


def _refusal(title: str, found: NotCelery) -> str:
    if found.foreign:
        return (
            f"{title} {found.reason}. A CeleryDeployment starts Celery itself: keep the Deployment, and use "
            "`kubectl celery inject`."
        )
    return f"{title} {found.reason}: name a Deployment that runs celery worker, celery beat or celery flower."


def _head(application: Application, problems: Iterable[str]) -> Iterable[Note]:
    titles = list(dict.fromkeys(workload.title for workload in application.workloads))
    yield Note(
        (),
        f"It replaces {', '.join(titles)}. Decide each TODO, then follow docs/howto/migrate.md, which "
        "describes a switch that loses no task.",
        decide=False,
    )
    for problem in problems:
        yield Note((), problem, decide=True)
