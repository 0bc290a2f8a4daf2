"""What every model of the resource shares: camelCase on the wire, nothing unknown, nothing mutable."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
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


def _checked_moment(text: str) -> str:
    when = datetime.fromisoformat(text)
    # A time span can be added to any year in this range.
    if when.tzinfo is None or not 1970 <= when.year <= 9000:
        raise ValueError("is no time with a time zone")
    return text


Moment = Annotated[str, AfterValidator(_checked_moment)]
"""A time in RFC 3339."""

Model = TypeVar("Model", bound=BaseModel)


def readable(model: type[Model], stored: Mapping[str, Any]) -> Model:
    """The part of these values that can be read. An entry without a value that it needs is left out.

    Each field of the model has a default.
    """
    values: Any = stored
    while True:
        try:
            return model.model_validate(values)
        except ValidationError as error:
            places = {_found(values, one["loc"]) for one in error.errors(include_input=False)} - {()}
        if not places:
            return model()
        values = _without(values, places)


def _found(values: Any, place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The place, or the nearest one around it that has a value."""
    for end, key in enumerate(place):
        if not (key in values if isinstance(values, dict) else isinstance(values, list)):
            return place[:end]
        values = values[key]
    return place


def _without(values: Any, places: set[tuple[int | str, ...]]) -> Any:
    kept = deepcopy(values)
    # The last entries of a list go first, so that the earlier ones keep their places.
    for *way, key in sorted(places, reverse=True):
        container = kept
        for step in way:
            container = container[step]
        del container[key]
    return kept
