"""What the pods of one resource usually share: fields of ``spec`` instead of each group's template."""

from dataclasses import dataclass, field

from celery_kubectl.convert.draft import Draft
from celery_kubectl.kubectl import Object


@dataclass(slots=True)
class Shared:
    """Fields of one pod that ``spec`` has for all pods of workers and beat."""

    image: str = ""
    pull_policy: str = ""
    pull_secrets: list[Object] = field(default_factory=list)
    service_account: str = ""
    run_as_user: int | None = None
    env: list[Object] = field(default_factory=list)
    env_from: list[Object] = field(default_factory=list)
    volumes: list[Object] = field(default_factory=list)
    volume_mounts: list[Object] = field(default_factory=list)
    new_limits: list[str] = field(default_factory=list)
    """What the operator forbids and the pod allowed: "run as ..."."""
    selector: Object = field(default_factory=dict)
    """The labels by which others find the pods, and which the new ones do not have."""
    about: Draft = field(default_factory=Draft)
    """Notes on these fields. Several pods often have the same."""
