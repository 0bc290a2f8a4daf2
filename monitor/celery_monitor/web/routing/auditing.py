"""The entry of the audit for a request that changes something, or that was refused a change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from celery_monitor.history import AuditEntry
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routing.call import AuditNote, Origin
from celery_monitor.web.routing.route import Route
from celery_monitor.web.services import Services

_MAX_TEXT = 500


@asynccontextmanager
async def audited(route: Route, services: Services, origin: Origin, note: AuditNote) -> AsyncIterator[None]:
    """Write the entry when the block ends, if the route is audited. ``note``: what the handler adds to it."""
    outcome = "failed"
    try:
        yield
        outcome = "dry run" if note.dry_run else "done"
    except ProblemError as problem:
        outcome = f"refused: {problem.status} {problem.detail}"
        raise
    finally:
        if route.is_audited:
            await services.history.audit_write(_entry(route, services, origin, note, outcome))


def _entry(route: Route, services: Services, origin: Origin, note: AuditNote, outcome: str) -> AuditEntry:
    caller = note.caller or origin.caller
    return AuditEntry(
        at=services.clock(),
        identity=caller.name,
        role=caller.role.value if caller.role is not None else "",
        action=route.name,
        subject=note.subject[:_MAX_TEXT],
        outcome=outcome[:_MAX_TEXT],
        address=origin.client.address,
        detail=note.detail[:_MAX_TEXT],
    )
