"""The owned objects that a CeleryDeployment should have now, built again only when something changed."""

from collections.abc import Sequence

from celery_operator.act.owned_objects import DesiredObject
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.cache import Cache, Key
from celery_operator.decide.replicas import initial_replicas
from celery_operator.kinds import DEPLOYMENT, Json
from celery_operator.resources.generated_secrets import GeneratedSecrets
from celery_operator.resources.owned_objects import owned_objects
from celery_operator.resources.ownership import ResourceIdentity, deployment_name
from celery_operator.resources.settings import ObjectSettings
from celery_operator.snapshot import ReconcileMemory


class DesiredObjects:
    """The objects of one CeleryDeployment."""

    def __init__(self, cache: Cache, identity: ResourceIdentity, settings: ObjectSettings) -> None:
        self._cache = cache
        self._identity = identity
        self._settings = settings
        self._built: tuple[tuple[object, ...], Sequence[DesiredObject]] | None = None

    def of(
        self, resource: Json, spec: CeleryDeploymentSpec, memory: ReconcileMemory, secrets: GeneratedSecrets
    ) -> Sequence[DesiredObject]:
        """All of them, in the order in which they are applied."""
        metadata = resource["metadata"]
        annotations = metadata.get("annotations", {})
        replicas = self._replicas(spec, memory)
        version = metadata["generation"], secrets, tuple(sorted(annotations.items())), tuple(replicas.items())
        if self._built is None or self._built[0] != version:
            bodies = owned_objects(
                self._identity, spec, self._settings, secrets, replicas=replicas, annotations=annotations
            )
            self._built = version, [DesiredObject.of(body) for body in bodies]
        return self._built[1]

    def _replicas(self, spec: CeleryDeploymentSpec, memory: ReconcileMemory) -> dict[str, int]:
        return {
            group.name: memory.replicas[group.name]
            if group.name in memory.replicas
            else initial_replicas(spec, group, self._in_force(group.name))
            for group in spec.workers
        }

    def _in_force(self, group: str) -> int | None:
        name = deployment_name(self._identity, group)
        live = self._cache.get(DEPLOYMENT, Key(self._identity.namespace, name))
        return None if live is None else int(live["spec"].get("replicas", 1))
