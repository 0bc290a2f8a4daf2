"""Login and logout of browsers."""

from urllib.parse import quote

from aiohttp import web

from celery_monitor.web.identity.caller import Caller
from celery_monitor.web.identity.client import Client
from celery_monitor.web.identity.sessions import COOKIE
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.login import BrowserSession, Identity, LoggedOut, Login
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routes.paths import MONITORING, PAGE
from celery_monitor.web.routing import Call, Reply, Route


def link_path(secret: str) -> str:
    """The path of a login link, below the prefix of the settings."""
    return f"/login/{quote(secret, safe='')}"


async def login(call: Call[NoQuery, Login]) -> Reply[Identity]:
    """Trade a token for a session cookie."""
    caller = await call.services.access.admission.token_caller(
        call.body.token.get_secret_value(), call.client
    )
    call.note.caller = caller
    cookie, expires = call.services.access.sessions.start(caller)
    header = _cookie(cookie, max(0, int(expires - call.services.clock())), call.client)
    return Reply(_identity(caller, expires), headers={"Set-Cookie": header})


async def logout(call: Call[NoQuery, NoBody]) -> Reply[LoggedOut]:
    """End the session of the cookie."""
    cookie = call.request.cookies.get(COOKIE)
    if cookie:
        call.services.access.sessions.end(cookie)
    return Reply(LoggedOut(logged_out=True), headers={"Set-Cookie": _cookie("", 0, call.client)})


async def follow_login_link(call: Call[NoQuery, NoBody]) -> web.Response:
    """Trade the link of the terminal for a session cookie."""
    # The link is a secret.
    call.note.subject = ""
    caller = call.services.access.links.redeem(call.path["link"])
    if caller is None:
        raise ProblemError(
            410, "This link was used before, or has expired: start the monitor again for a new one."
        )
    call.note.caller = caller
    cookie, expires = call.services.access.sessions.start(caller)
    header = _cookie(cookie, max(0, int(expires - call.services.clock())), call.client)
    headers = {"Location": call.client.prefix + PAGE, "Set-Cookie": header}
    return web.Response(status=303, headers=headers)


async def get_identity(call: Call[NoQuery, NoBody]) -> Identity:
    """The caller of this request."""
    return _identity(call.caller, call.caller.expires)


async def get_session(call: Call[NoQuery, NoBody]) -> BrowserSession:
    """The caller, or null: a browser that is not logged in is no error."""
    caller = await call.services.access.admission.caller_of_open_route(call.request, call.client)
    known = caller.role is not None
    return BrowserSession(identity=_identity(caller, caller.expires) if known else None)


def _identity(caller: Caller, expires: float | None) -> Identity:
    assert caller.role is not None
    return Identity(name=caller.name, role=caller.role, source=caller.source, expires=expires)


def _cookie(value: str, seconds: int, client: Client) -> str:
    secure = "; Secure" if client.secure else ""
    path = client.prefix or "/"
    return f"{COOKIE}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


ROUTES = (
    Route(
        method="POST",
        path=f"{MONITORING}/login",
        handler=login,
        role=None,
        summary="Trade a token for a session cookie, in a browser.",
        errors=(401, 403, 503),
        tag="access",
    ),
    Route(
        method="POST",
        path=f"{MONITORING}/logout",
        handler=logout,
        summary="End the session of the cookie.",
        tag="access",
    ),
    Route(
        method="GET",
        path="/login/{link}",
        handler=follow_login_link,
        role=None,
        head=False,
        audited=True,
        summary="Trade the one-time link of the terminal for a session cookie.",
        statuses=(303,),
        errors=(410,),
        media_types=(),
        tag="access",
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/session",
        handler=get_session,
        role=None,
        summary="Who is logged in in this browser.",
        tag="access",
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/identity",
        handler=get_identity,
        summary="Who the caller is, and what the caller may do.",
        tag="access",
    ),
)
