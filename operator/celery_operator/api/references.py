"""References of a spec: images, and keys of Secrets."""

from typing import Annotated

from pydantic import Field

from celery_operator.api import rules
from celery_operator.api.base import ApiModel

Image = Annotated[str, Field(max_length=1024, json_schema_extra=rules.checked(*rules.IMAGE))]
ObjectName = Annotated[str, Field(min_length=1, max_length=253)]


class SecretKeyReference(ApiModel):
    """A key of a Secret in the resource's own namespace."""

    name: ObjectName
    """Name of the Secret."""
    key: ObjectName
    """Key in the Secret's data."""


class UrlSource(ApiModel):
    """Where a URL with credentials is stored."""

    secret_key_ref: SecretKeyReference
    """The Secret and the key that hold the URL."""


class SecretSource(ApiModel):
    """Where a secret is stored."""

    secret_key_ref: SecretKeyReference
    """The Secret and the key that hold the secret."""
