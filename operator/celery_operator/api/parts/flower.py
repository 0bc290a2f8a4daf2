"""Flower: ``spec.flower``."""

from typing import Annotated

from pydantic import Field

from celery_operator.api import monitor_rules
from celery_operator.api.base import ApiModel
from celery_operator.api.parts import rules
from celery_operator.api.podparts import Environment, PodTemplate, Resources
from celery_operator.api.references import Image, SecretSource
from celery_operator.api.rules import checked


class Flower(ApiModel):
    """Flower, for teams that want it beside the monitor: one pod with a Service named NAME-flower, port 5555,
    behind basic auth.
    """

    enabled: bool = False
    """Whether Flower runs."""
    image: Image = "mher/flower:2.0.1"
    """Image that holds Python, Celery and Flower, such as the application's own."""
    basic_auth_from: SecretSource | None = None
    """A Secret that holds the users: USER:PASSWORD, separated by commas. By default the operator generates a
    password of the user admin, in the key password of the Secret NAME-flower.
    """
    url_prefix: (
        Annotated[
            str, Field(min_length=2, max_length=253, json_schema_extra=checked(*monitor_rules.URL_PREFIX))
        ]
        | None
    ) = None
    """Path below which everything is served, such as /flower, for an ingress that does not remove it."""
    args: Annotated[
        tuple[Annotated[str, Field(max_length=512, json_schema_extra=checked(*rules.FLOWER_ARGUMENT))], ...],
        Field(max_length=32),
    ] = ()
    """More arguments of `celery flower`, one per item, such as --max-tasks=20000."""
    env: Environment = ()
    """Environment variables of Flower, such as FLOWER_PURGE_OFFLINE_WORKERS. It has none of spec.env."""
    resources: Resources = Field(default_factory=dict)
    """Requests and limits of Flower's container, as in a pod. By default it requests 50m of CPU and 128Mi of
    memory, and has a memory limit of 512Mi.
    """
    template: PodTemplate = Field(default_factory=dict)
    """A pod template that is merged into the one that the operator builds, as the template of a worker group.
    Flower's container is called flower.
    """
