"""What every model of the resource shares: camelCase on the wire, nothing unknown, nothing mutable."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ApiModel(BaseModel):
    """Base of the resource's models."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
    )

    def wire(self) -> dict[str, Any]:
        """The model as the API server takes it: camelCase, and nothing that is None."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
