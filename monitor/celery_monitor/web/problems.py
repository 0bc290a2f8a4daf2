"""Errors as RFC 9457 describes them: one document for every error of every route."""

import http
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from aiohttp import web
from pydantic import Field, ValidationError

from celery_monitor.web.models.base import Document

MEDIA_TYPE = "application/problem+json"

_MAX_FIELDS = 20
_MAX_MESSAGE = 300


class FieldProblem(Document):
    """One value that cannot be used."""

    where: str = Field(description="`query.limit`, or `body.kwargs`.")
    message: str = Field(description="What is wrong with the value.")


class ProblemDocument(Document):
    """An error (RFC 9457)."""

    type: str = Field(default="about:blank", description="Always `about:blank`: the status says what it is.")
    title: str = Field(description="The name of the status.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong, and what to do.")
    errors: list[FieldProblem] = Field(default=[], description="The values that cannot be used.")


class ProblemError(Exception):
    """A request that cannot be answered as the client wants. Becomes a response with this status.

    ``detail`` goes to the client: it has no secrets, and quotes only what the client itself sent.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        errors: tuple[FieldProblem, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.errors = errors

    def response(self) -> web.Response:
        """The response with the document."""
        document = ProblemDocument(
            title=http.HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            errors=list(self.errors),
        )
        return web.Response(
            status=self.status,
            body=document.model_dump_json().encode(),
            headers=dict(self.headers),
            content_type=MEDIA_TYPE,
        )


@dataclass(frozen=True, kw_only=True)
class ErrorShape:
    """How a route writes an error. ``model`` is the document, None for plain text."""

    media_type: str
    model: type[Document] | None
    response: Callable[[ProblemError], web.Response]


PROBLEM = ErrorShape(media_type=MEDIA_TYPE, model=ProblemDocument, response=ProblemError.response)


def unavailable(detail: str, retry_after: int = 5) -> ProblemError:
    """503: a part that the route needs is away, for a while."""
    return ProblemError(503, detail, {"Retry-After": str(retry_after)})


def invalid(part: str, error: ValidationError) -> ProblemError:
    """422: values of the query or the body are not as the model says. The values are not quoted."""
    fields = tuple(
        _field(part, one) for one in error.errors(include_url=False, include_input=False)[:_MAX_FIELDS]
    )
    names = ", ".join(dict.fromkeys(one.where for one in fields))
    return ProblemError(
        422, f"The request has values that cannot be used: {names}."[:_MAX_MESSAGE], errors=fields
    )


def _field(part: str, error: Any) -> FieldProblem:
    place = ".".join([part, *(str(step) for step in error["loc"])])
    return FieldProblem(where=place[:_MAX_MESSAGE], message=str(error["msg"])[:_MAX_MESSAGE])
