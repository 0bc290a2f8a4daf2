"""The table of routes: one entry makes the handler, the check of the role, and the OpenAPI document."""

from celery_monitor.web.routing.call import AuditNote, Call, Origin, Reply
from celery_monitor.web.routing.route import Route

__all__ = ["AuditNote", "Call", "Origin", "Reply", "Route"]
