"""What a handler gets, and what it returns if a model alone does not say everything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aiohttp import web

from celery_monitor.web.identity.caller import Caller
from celery_monitor.web.identity.client import Client
from celery_monitor.web.models.base import Body, Document, Query
from celery_monitor.web.services import Services

QueryT_co = TypeVar("QueryT_co", bound=Query, covariant=True)
BodyT_co = TypeVar("BodyT_co", bound=Body, covariant=True)
DocumentT_co = TypeVar("DocumentT_co", bound=Document, covariant=True)


@dataclass(frozen=True)
class Call(Generic[QueryT_co, BodyT_co]):
    """One request whose query and body have been read, from a caller who may use the route.

    ``path`` has the decoded parameters of the path. ``audit``: what the handler adds to the audit entry of
    this request; a route that only reads has no such entry.
    """

    services: Services
    caller: Caller
    client: Client
    path: Mapping[str, str]
    query: QueryT_co
    body: BodyT_co
    request: web.Request
    audit: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply(Generic[DocumentT_co]):
    """A model with a status other than 200, or with headers or cookies."""

    document: DocumentT_co
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
