"""Base classes of all models of the API."""

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A response."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Query(BaseModel):
    """The parameters of a request's query.

    An unknown parameter is an error, because a misspelled filter filters nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class Body(BaseModel):
    """The JSON body of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoQuery(Query):
    """The route has no parameters."""


class NoBody(Body):
    """The route has no body."""
