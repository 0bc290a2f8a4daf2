"""The owned objects of each case: ``cases/NAME.in.yaml`` has a resource, ``cases/NAME.out.yaml`` the objects.

``python -m tests.unit.resources.golden`` writes the second again after a wanted change: read the difference.
"""

from pathlib import Path
from typing import Any

import yaml

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.generated_secrets import GeneratedSecrets, RedisPassword
from celery_operator.resources.owned_objects import owned_objects
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.settings import ObjectSettings

CASES = sorted((Path(__file__).parent / "cases").glob("*.in.yaml"))
SETTINGS = ObjectSettings(
    probe_image="registry.example/celery-probe:1",
    probe_image_pull_policy="IfNotPresent",
    monitor_image="registry.example/celery-monitor:1",
    monitor_image_pull_policy="IfNotPresent",
)
SECRETS = GeneratedSecrets(
    probe={"token": "a-token"},
    monitor={"token": "monitor-token", "push-token": "push-token", "session-secret": "a-secret"},
    flower={"password": "flower-password"},
    redis=RedisPassword("redis-password"),
)
OWNER_UID = "6f1c2b1e-0000-4000-8000-000000000000"


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def built(case: Path) -> list[dict[str, Any]]:
    """The owned objects of the case's resource."""
    manifest = yaml.safe_load(case.read_text())
    owner = ResourceIdentity("default", manifest["metadata"]["name"], OWNER_UID)
    spec = CeleryDeploymentSpec.model_validate(manifest["spec"])
    return list(owned_objects(owner, spec, SETTINGS, SECRETS, replicas=by_spec(spec)))


def by_spec(spec: CeleryDeploymentSpec) -> dict[str, int]:
    """Worker pods by group, where nothing but the spec says how many."""
    return {group.name: spec.replicas_of(group) for group in spec.workers}


def output(case: Path) -> Path:
    """Where the expected owned objects of the case stand."""
    return case.with_name(case.name.replace(".in.yaml", ".out.yaml"))


def main() -> None:
    """Write the expected owned objects of every case."""
    for case in CASES:
        output(case).write_text(
            yaml.dump_all(built(case), Dumper=_Plain, sort_keys=False, width=110, allow_unicode=True)
        )


if __name__ == "__main__":
    main()
