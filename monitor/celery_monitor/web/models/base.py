"""Base classes of all models of the API."""

from collections.abc import Mapping, Sequence
from typing import Any, Self, get_origin

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A response."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Query(BaseModel):
    """The parameters of a request's query.

    An unknown parameter is an error, because a misspelled filter filters nothing. A parameter may be given
    more than once if its field is a tuple.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def of(cls, given: Mapping[str, Sequence[str]]) -> Self:
        """The query of all values of each parameter. Raises pydantic's ValidationError."""
        return cls.model_validate({name: cls._value(name, values) for name, values in given.items()})

    @classmethod
    def _value(cls, name: str, values: Sequence[str]) -> Any:
        field = cls.model_fields.get(name)
        if field is not None and get_origin(field.annotation) is tuple:
            return tuple(values)
        # Several values of one field fail its validation.
        return values[0] if len(values) == 1 else list(values)


class Body(BaseModel):
    """The JSON body of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoQuery(Query):
    """The route has no parameters."""


class NoBody(Body):
    """The route has no body."""
