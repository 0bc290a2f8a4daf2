"""The monitor's HTTP server: routes, who may use them, and how often."""

from celery_monitor.web.application import create_application
from celery_monitor.web.services import Check, Services

__all__ = ["Check", "Services", "create_application"]
