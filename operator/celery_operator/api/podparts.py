"""Pieces of a pod that are handed on as they stand; the schema types only what a slip would hide."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from celery_operator.api.rules import ENV_NAME, VOLUME_NAME, Rule, checked, keyed

PodPart = dict[str, Any]
"""A piece of a pod that we hand on as it stands; the API server judges it when the Deployment is applied."""

_OPEN: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _named(description: str, *rules: Rule) -> dict[str, Any]:
    """An object that must hold a name and may hold anything else."""
    return {
        **_OPEN,
        "description": description,
        "required": ["name"],
        "properties": {
            "name": {
                "type": "string",
                "description": "Its name.",
                "minLength": 1,
                "maxLength": 63,
                **checked(*rules),
            }
        },
    }


_QUANTITY: dict[str, Any] = {
    "x-kubernetes-int-or-string": True,
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    # No rule: before 1.31 the API server takes the cost of one on such a value for unbounded.
    "pattern": r"^\+?([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?$",
}
_QUANTITIES: dict[str, Any] = {
    "type": "object",
    "maxProperties": 16,
    "additionalProperties": _QUANTITY,
}

Quantity = Annotated[int | str, WithJsonSchema(_QUANTITY)]
"""A size, such as 5Gi."""

Portion = Annotated[
    int | str,
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": "^([0-9]{1,5}|[0-9]{1,2}%|100%)$",
        }
    ),
]
"""A number of pods or a percentage, such as 1 or 25%."""

EnvVar = Annotated[
    PodPart,
    WithJsonSchema(
        {
            "type": "object",
            "description": "One environment variable, as in a container of a pod.",
            "required": ["name"],
            "properties": {
                "name": {
                    "type": "string",
                    "description": "Name of the variable.",
                    "minLength": 1,
                    "maxLength": 253,
                    **checked(*ENV_NAME),
                },
                "value": {
                    "type": "string",
                    "description": "Value of the variable; write numbers and booleans in quotes.",
                },
                "valueFrom": {
                    **_OPEN,
                    "description": "Source of the value instead: secretKeyRef, configMapKeyRef, fieldRef "
                    "or resourceFieldRef.",
                },
            },
        }
    ),
]
Environment = Annotated[tuple[EnvVar, ...], Field(max_length=200, json_schema_extra=keyed("name"))]

EnvFrom = Annotated[
    tuple[
        Annotated[
            PodPart,
            WithJsonSchema(
                {**_OPEN, "description": "A secretRef or configMapRef, as in a container of a pod."}
            ),
        ],
        ...,
    ],
    Field(max_length=50),
]

Volume = Annotated[
    PodPart,
    WithJsonSchema(_named("A volume, as in a pod: a name and one source.", *VOLUME_NAME)),
]
Volumes = Annotated[tuple[Volume, ...], Field(max_length=50, json_schema_extra=keyed("name"))]

VolumeMount = Annotated[
    PodPart,
    WithJsonSchema(
        {
            **_OPEN,
            "description": "A volume mount, as in a container of a pod.",
            "required": ["name", "mountPath"],
            "properties": {
                "name": {
                    "type": "string",
                    "description": "Name of the volume.",
                    "minLength": 1,
                    "maxLength": 63,
                },
                "mountPath": {
                    "type": "string",
                    "description": "Path in the container.",
                    "minLength": 1,
                    "maxLength": 4096,
                },
            },
        }
    ),
]
VolumeMounts = Annotated[tuple[VolumeMount, ...], Field(max_length=50, json_schema_extra=keyed("mountPath"))]

PullSecret = Annotated[
    PodPart,
    WithJsonSchema(
        {
            "type": "object",
            "description": "The name of a Secret of type kubernetes.io/dockerconfigjson.",
            "required": ["name"],
            "properties": {
                "name": {
                    "type": "string",
                    "description": "Name of the Secret.",
                    "minLength": 1,
                    "maxLength": 253,
                }
            },
        }
    ),
]
PullSecrets = Annotated[tuple[PullSecret, ...], Field(max_length=20, json_schema_extra=keyed("name"))]

Resources = Annotated[
    PodPart,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "requests": {
                    **_QUANTITIES,
                    "description": "What the scheduler sets aside, such as cpu: 500m and memory: 512Mi.",
                },
                "limits": {
                    **_QUANTITIES,
                    "description": "What the container may use at most, such as memory: 1Gi.",
                },
                "claims": {
                    "type": "array",
                    "maxItems": 16,
                    "description": "Names of resource claims of the pod.",
                    "items": _named("One resource claim."),
                },
            },
        }
    ),
]

PodTemplate = Annotated[
    PodPart,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "metadata": {
                    "type": "object",
                    "description": "Labels and annotations to add to the pods.",
                    "properties": {
                        "labels": {
                            "type": "object",
                            "description": "Labels; those that select the pods stay as they are.",
                            "maxProperties": 50,
                            "additionalProperties": {"type": "string", "maxLength": 63},
                        },
                        "annotations": {
                            "type": "object",
                            "description": "Annotations.",
                            "maxProperties": 100,
                            "additionalProperties": {"type": "string"},
                        },
                    },
                },
                "spec": {**_OPEN, "description": "Fields of a pod spec."},
            },
        }
    ),
]
