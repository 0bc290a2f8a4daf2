"""The page: one document for all its screens, and its files."""

from aiohttp import web

from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.page import PageQuery
from celery_monitor.web.page_files import STATIC, page_files
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routes.paths import PAGE, SETTINGS
from celery_monitor.web.routing import Call, Route
from celery_monitor.web.routing.route import Handler

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Nothing inline, nothing from another site, and no text that becomes HTML."""

_FOREVER = "public, max-age=31536000, immutable"


async def home(call: Call[PageQuery, NoBody]) -> web.Response:
    """Lead to the page."""
    return web.Response(status=303, headers={"Location": call.client.prefix + PAGE})


async def overview_page(call: Call[PageQuery, NoBody]) -> web.Response:
    """The overview."""
    return _document(call)


async def screen_page(call: Call[PageQuery, NoBody]) -> web.Response:
    """A screen, such as `tasks`."""
    return _document(call)


async def item_page(call: Call[PageQuery, NoBody]) -> web.Response:
    """One thing on a screen of its own, such as a task."""
    return _document(call)


async def settings_page(call: Call[PageQuery, NoBody]) -> web.Response:
    """The settings."""
    return _document(call)


async def page_file(call: Call[NoQuery, NoBody]) -> web.Response:
    """A module, a style sheet or a picture of the page. It never changes below its address."""
    page = page_files()
    file = page.files.get(f"{call.path['folder']}/{call.path['file']}")
    if file is None or call.path["version"] != page.version:
        raise ProblemError(404, "The page has no such file. Reload the page.")
    compressed = "gzip" in call.request.headers.get("Accept-Encoding", "")
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return web.Response(
        body=file.compressed if compressed else file.body,
        headers=headers,
        content_type=file.media_type,
        charset="utf-8",
    )


def _document(call: Call[PageQuery, NoBody]) -> web.Response:
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": CONTENT_POLICY}
    if call.client.secure:
        # Over plain HTTP browsers ignore it, and report that to the console as an error.
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return web.Response(
        body=page_files().document(call.client.prefix),
        headers=headers,
        content_type="text/html",
        charset="utf-8",
    )


def _route(path: str, handler: Handler, summary: str) -> Route:
    # Without a role: the page has no data, and lets its user log in. Of any length: the page itself says
    # that a name is too long.
    return Route(
        method="GET",
        path=path,
        handler=handler,
        role=None,
        limited=False,
        any_length=True,
        summary=summary,
        media_types=("text/html",),
        tag="page",
    )


ROUTES = (
    Route(
        method="GET",
        path="/",
        handler=home,
        role=None,
        summary="Lead to the page.",
        statuses=(303,),
        media_types=(),
        tag="page",
    ),
    _route(PAGE, overview_page, "The overview."),
    _route(f"{PAGE}/{{screen}}", screen_page, "A screen, such as `tasks`."),
    _route(f"{PAGE}/{{screen}}/{{item}}", item_page, "One thing, such as a task."),
    _route(SETTINGS, settings_page, "The settings."),
    Route(
        method="GET",
        path=f"{STATIC}/{{version}}/{{folder}}/{{file}}",
        handler=page_file,
        role=None,
        limited=False,
        summary="A module, a style sheet or a picture of the page.",
        errors=(404,),
        media_types=("text/javascript", "text/css", "image/svg+xml", "text/plain"),
        tag="page",
    ),
)
