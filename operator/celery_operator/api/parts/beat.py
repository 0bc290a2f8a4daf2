"""Beat: ``spec.beat``."""

from typing import Annotated

from pydantic import ConfigDict, Field

from celery_operator.api.base import ApiModel
from celery_operator.api.parts import rules
from celery_operator.api.podparts import Environment, PodTemplate, Quantity, Resources
from celery_operator.api.references import ObjectName
from celery_operator.api.rules import checked

BEAT_FOLDER = "/celery-beat"
"""Where the volume of the schedule is mounted."""


class BeatStorage(ApiModel):
    """A volume for the schedule, mounted at /celery-beat. The operator creates the PersistentVolumeClaim
    NAME-beat. The claim stays when beat is switched off, and is deleted with the CeleryDeployment.
    """

    size: Quantity = "64Mi"
    """Size of the volume, such as 64Mi. A larger size enlarges the volume if its storage class allows it."""
    storage_class_name: ObjectName | None = None
    """StorageClass of the volume. By default that of the cluster. It cannot be changed later."""


class Beat(ApiModel):
    """The periodic scheduler: one `celery beat`, never two at once, also when a node is lost."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.BEAT))

    enabled: bool = False
    """Whether beat runs."""
    scheduler: (
        Annotated[str, Field(min_length=1, max_length=253, json_schema_extra=checked(*rules.SCHEDULER))]
        | None
    ) = None
    """Class of the scheduler, such as redbeat.RedBeatScheduler or
    django_celery_beat.schedulers:DatabaseScheduler. Without this field the application decides.
    """
    schedule: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Path of the schedule database in beat's container. The default is /celery-beat/schedule with storage.
    Without storage it is /tmp/celerybeat-schedule, which is lost with the pod. Schedulers that keep the
    schedule elsewhere, such as RedBeat and django-celery-beat, use no file.
    """
    storage: BeatStorage | None = None
    args: Annotated[
        tuple[Annotated[str, Field(max_length=512, json_schema_extra=checked(*rules.BEAT_ARGUMENT))], ...],
        Field(max_length=32),
    ] = ()
    """More arguments of `celery beat`, one per item, such as --max-interval=30. Options that have a field of
    their own are refused.
    """
    env: Environment = ()
    """Environment variables of beat; they take precedence over spec.env."""
    resources: Resources = Field(default_factory=dict)
    """Requests and limits of beat's container, as in a pod."""
    template: PodTemplate = Field(default_factory=dict)
    """A pod template that is merged into the one that the operator builds, as the template of a worker group.
    Beat's container is called beat.
    """
