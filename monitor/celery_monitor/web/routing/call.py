"""What a handler gets, and what it returns if a model alone does not say everything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aiohttp import web

from celery_monitor.web.identity.caller import Caller
from celery_monitor.web.identity.client import Client
from celery_monitor.web.models.base import Body, Document, Query
from celery_monitor.web.services import Services

Query_co = TypeVar("Query_co", bound=Query, covariant=True)
Body_co = TypeVar("Body_co", bound=Body, covariant=True)
Document_co = TypeVar("Document_co", bound=Document, covariant=True)


@dataclass(frozen=True)
class Origin:
    """Who sends a request, and from where."""

    caller: Caller
    client: Client


@dataclass
class AuditNote:
    """What a handler adds to the audit's entry of its request, without secrets.

    ``subject``: the task, worker or queue; ``dry_run``: nothing was changed; ``caller``: who it is, where
    only the handler finds that out.
    """

    subject: str = ""
    detail: str = ""
    dry_run: bool = False
    caller: Caller | None = None


@dataclass(frozen=True)
class Call(Generic[Query_co, Body_co]):
    """One request whose query and body have been read, from a caller who may use the route.

    ``path`` has the decoded parameters of the path.
    """

    services: Services
    origin: Origin
    path: Mapping[str, str]
    query: Query_co
    body: Body_co
    request: web.Request
    note: AuditNote = field(default_factory=AuditNote)

    @property
    def caller(self) -> Caller:
        """Who sends the request."""
        return self.origin.caller

    @property
    def client(self) -> Client:
        """Where the request comes from."""
        return self.origin.client


@dataclass(frozen=True)
class Reply(Generic[Document_co]):
    """A model with a status other than 200, or with headers."""

    document: Document_co
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
