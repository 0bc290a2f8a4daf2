"""``kubectl`` command lines for one CeleryDeployment, from the templates of the catalogue of verdicts."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from celery_health.catalogue.entry import Wording
from celery_health.wire.names import PORT
from celery_operator.api.names import WORKER_CONTAINER
from celery_probe.pod import SIDECAR_CONTAINER

_PLUGIN = "celery "


def in_namespace(namespace: str, command: str) -> str:
    """The command line of kubectl, which refuses options before the name of a plugin."""
    if command.startswith(_PLUGIN):
        return f"kubectl {command} -n {namespace}"
    return f"kubectl -n {namespace} {command}"


@dataclass(frozen=True, slots=True)
class KubectlCommands:
    """``resource`` is the name of the CeleryDeployment, for commands that name it."""

    namespace: str
    resource: str = ""

    def line(self, wording: Wording, subjects: Sequence[str], facts: Mapping[str, str]) -> str:
        """The command line; empty where the wording has none for kubectl."""
        if not wording.kubectl:
            return ""
        # Facts such as the id of a task are what a tenant wrote, and a person pastes the line into a shell.
        quoted = {name: shlex.quote(value) for name, value in facts.items()}
        known = {
            "subject": subjects[0] if subjects else "",
            "subjects": ",".join(subjects),
            "resource": self.resource,
            "namespace": self.namespace,
            "worker": WORKER_CONTAINER,
            "sidecar": SIDECAR_CONTAINER,
            "port": str(PORT),
        }
        return in_namespace(self.namespace, wording.kubectl.format(**{**quoted, **known}))
