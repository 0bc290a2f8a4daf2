"""One entry of the table of routes."""

import functools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from aiohttp import web

from celery_monitor.settings import Role
from celery_monitor.web.models.base import Body, Document, NoBody, NoQuery, Query
from celery_monitor.web.problems import PROBLEM, ErrorShape
from celery_monitor.web.routing.call import Call, Reply

Handler = Callable[[Call[Any, Any]], Awaitable["Document | Reply[Any] | web.StreamResponse"]]

SAFE_METHODS = frozenset({"GET", "HEAD"})
TASK_ID = "task_id"
"""The parameter of a path that is the id of a task."""
TASK_ID_PREFIX = "id:"
"""May stand before any id of a task in a path: without it, an id such as ``names`` would be another route."""
_PARAMETER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path.

    The models of the query, the body and the response are those of the handler's signature:
    ``async def login(call: Call[NoQuery, Login]) -> Identity``. The result may also be
    ``Reply[Identity]``, or an aiohttp response, whose ``media_types`` the route then names.

    ``role``: the least role of callers; None opens the route to everyone. ``errors``: the statuses of
    problem documents that the handler itself raises; those that every route may answer are added.
    ``statuses``: the statuses that come with the response's own model. ``any_content_type``: the body is
    JSON whatever its content type says. ``optional_body``: an empty body is that of the model's defaults.
    ``audited``: whether a request writes an entry of the audit; None: if
    the method is not GET. ``limited``: whether its requests count for the rate limits. ``head``: whether a
    GET route answers HEAD too. ``either_slash``: whether the path may end with a slash or without one.
    ``any_length``: whether the parameters of the path may be longer than those of the API.
    ``error_shape``: the document of errors, where a route has one of its own. ``websocket``: the route opens
    a WebSocket: it takes tickets, and only the monitor's own pages may open it in a browser.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    role: Role | None = Role.VIEWER
    statuses: tuple[int, ...] = (200,)
    errors: tuple[int, ...] = ()
    media_types: tuple[str, ...] = ("application/json",)
    any_content_type: bool = False
    optional_body: bool = False
    audited: bool | None = None
    limited: bool = True
    head: bool = True
    either_slash: bool = False
    any_length: bool = False
    error_shape: ErrorShape = PROBLEM
    websocket: bool = False
    tag: str = "monitoring"

    def __post_init__(self) -> None:
        """Read the signature, so that a handler without one fails at import."""
        _ = self.query, self.body, self.response

    @property
    def name(self) -> str:
        """The name of the operation in OpenAPI and in the audit: the handler's."""
        return str(getattr(self.handler, "__name__", ""))

    @property
    def changes(self) -> bool:
        """Whether the route may change something."""
        return self.method not in SAFE_METHODS

    @property
    def is_audited(self) -> bool:
        """Whether a request writes an entry of the audit."""
        return self.changes if self.audited is None else self.audited

    @functools.cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters of the path."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def pattern(self) -> str:
        """The path for aiohttp's router. A parameter has any character: aiohttp decodes %2F afterwards."""
        return _PARAMETER.sub(r"{\1:[^/]+}", self.path)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The pattern, and the one without the slash at its end."""
        return (self.pattern, self.pattern.rstrip("/")) if self.either_slash else (self.pattern,)

    @functools.cached_property
    def query(self) -> type[Query]:
        """The model of the query."""
        return self._models[0]

    @functools.cached_property
    def body(self) -> type[Body]:
        """The model of the body."""
        return self._models[1]

    @property
    def has_query(self) -> bool:
        """Whether the route has parameters in its query."""
        return self.query is not NoQuery

    @property
    def has_body(self) -> bool:
        """Whether the route reads a body."""
        return self.body is not NoBody

    @functools.cached_property
    def response(self) -> type[Document] | None:
        """The model of the response, None for a response that the handler writes itself."""
        returned = self._hints["return"]
        if get_origin(returned) is Reply:
            (returned,) = get_args(returned)
        if isinstance(returned, type) and issubclass(returned, Document):
            return returned
        if isinstance(returned, type) and issubclass(returned, web.StreamResponse):
            return None
        raise TypeError(f"{self.name} returns {returned!r}: annotate a Document, a Reply or a response")

    @functools.cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.handler)

    @functools.cached_property
    def _models(self) -> tuple[type[Query], type[Body]]:
        call = next(iter(self._hints.values()))
        if get_origin(call) is not Call:
            raise TypeError(f"{self.name} has no parameter Call[Query, Body]")
        query, body = get_args(call)
        return query, body
